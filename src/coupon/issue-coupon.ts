import { sameRehearsal } from "../balance/balance.ts";
import { members } from "../balance/balance.sql.ts";
import { iso, isoOrNull } from "../database/statement.ts";
import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { expiryOf, isOpen, isSoldOut, type UserCoupon, withSoldOutAt } from "./coupon.ts";
import { campaigns } from "./campaign.sql.ts";
import { claimKey, claims, userCoupons } from "./coupon.sql.ts";

/** `timezone`: the shop's time zone, in which days of validity end. */
export type IssueCoupon = { couponId: string; userId: string; timezone: string };

/**
 * Issues one coupon of a campaign to a user while coupons remain, first come, first served.
 * Errors, in this order: USER_NOT_FOUND, COUPON_NOT_FOUND, COUPON_ALREADY_ISSUED, COUPON_CLOSED,
 * COUPON_SOLD_OUT.
 */
export const issueCoupon = command<IssueCoupon, UserCoupon>({
  name: "issue coupon",
  needs: ({ couponId, userId }) => [need(members, userId), need(campaigns, couponId), need(claims, claimKey(couponId, userId))],

  decide(uow, { couponId, userId, timezone }) {
    const member = uow.find(members, userId) ?? refuse("USER_NOT_FOUND", { userId });
    const campaign = uow.find(campaigns, couponId);
    if (!campaign || !sameRehearsal(campaign, member)) refuse("COUPON_NOT_FOUND", { couponId });
    if (uow.find(claims, claimKey(couponId, userId))) refuse("COUPON_ALREADY_ISSUED", { couponId });
    if (!isOpen(campaign, uow.now)) refuse("COUPON_CLOSED", { couponId });
    if (isSoldOut(campaign)) refuse("COUPON_SOLD_OUT", { couponId });

    // Below this line the coupon is issued.
    const coupon: UserCoupon = {
      id: uow.newId(),
      couponId,
      userId,
      status: "AVAILABLE",
      issuedAt: uow.now,
      expiresAt: expiryOf(campaign, uow.now, timezone),
      usedAt: null,
      orderId: null,
      discount: campaign.discount,
    };
    uow.put(campaigns, couponId, withSoldOutAt({ ...campaign, issuedQuantity: campaign.issuedQuantity + 1 }, uow.now));
    uow.put(userCoupons, coupon.id, coupon);
    uow.put(claims, claimKey(couponId, userId), coupon.id);
    return coupon;
  },

  view: ({ id, couponId, issuedAt, expiresAt }) => ({ userCouponId: id, couponId, issuedAt: iso(issuedAt), expiresAt: isoOrNull(expiresAt) }),
});
