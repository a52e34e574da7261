// Coupons that orders use and return.

import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { couponStatus, type UserCoupon } from "./coupon.ts";
import { userCoupons } from "./coupon.sql.ts";

/** The user's coupon. Errors: COUPON_NOT_FOUND, also if the coupon belongs to another user. */
export function getCoupon(uow: UnitOfWork, userCouponId: string, userId: string): UserCoupon {
  const coupon = uow.find(userCoupons, userCouponId);
  if (coupon === undefined || coupon.userId !== userId) refuse("COUPON_NOT_FOUND", { userCouponId });
  return coupon;
}

/**
 * The user's coupon, if an order of this total can use it now.
 * Errors: COUPON_NOT_FOUND, COUPON_UNUSABLE with `reason` USED, EXPIRED, VOID or MIN_ORDER_AMOUNT.
 */
export function getUsableCoupon(uow: UnitOfWork, userCouponId: string, userId: string, totalAmount: number): UserCoupon {
  const coupon = getCoupon(uow, userCouponId, userId);
  const status = couponStatus(coupon, uow.now);
  if (status !== "AVAILABLE") refuse("COUPON_UNUSABLE", { userCouponId, reason: status });
  const { minOrderAmount = 0 } = coupon.discount;
  if (totalAmount < minOrderAmount) refuse("COUPON_UNUSABLE", { userCouponId, reason: "MIN_ORDER_AMOUNT", minOrderAmount, totalAmount });
  return coupon;
}

/** Marks a coupon as used by an order. The same decision must have found it usable. */
export function useCoupon(uow: UnitOfWork, coupon: UserCoupon, orderId: string): void {
  uow.put(userCoupons, coupon.id, { ...coupon, status: "USED", usedAt: uow.now, orderId });
}

/**
 * Makes an order's coupon available again, or expired, or void if it was voided in between. Throws if
 * another order uses it.
 */
export function returnCoupon(uow: UnitOfWork, userCouponId: string, orderId: string): void {
  const coupon = uow.find(userCoupons, userCouponId);
  if (coupon?.orderId !== orderId) throw new Error(`coupon ${userCouponId} is not used by order ${orderId}`);
  const returned: UserCoupon = { ...coupon, status: coupon.voidedAt === null ? "AVAILABLE" : "VOID", usedAt: null, orderId: null };
  uow.put(userCoupons, coupon.id, { ...returned, status: couponStatus(returned, uow.now) });
}
