// A user's coupon as the API returns it.

import { iso, isoOrNull } from "../database/statement.ts";
import { couponStatus, type UserCoupon } from "./coupon.ts";

/** @param now determines the status, in ms */
export function userCouponView({ coupon, name }: { coupon: UserCoupon; name: string }, now: number) {
  const { id, couponId, discount, issuedAt, expiresAt, usedAt } = coupon;
  return {
    id,
    couponId,
    name,
    discount,
    discountAmount: discount.type === "FIXED" ? discount.amount : null,
    status: couponStatus(coupon, now),
    issuedAt: iso(issuedAt),
    expiresAt: isoOrNull(expiresAt),
    usedAt: isoOrNull(usedAt),
  };
}
