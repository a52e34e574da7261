// Coupons: a campaign that issues them first come, first served, and what each one takes off an order.

import { endOfDayAfter } from "../day.ts";
import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { userCoupons } from "./coupon.sql.ts";

/** Amounts in minor units; `rate` in percent, 1–100. */
export type Discount =
  | { type: "FIXED"; amount: number; minOrderAmount?: number }
  | { type: "PERCENTAGE"; rate: number; maxAmount?: number; minOrderAmount?: number };

/**
 * Instants in ms. A campaign without an end stays open while coupons last. `version` counts the operators' edits, `soldOutAt` is when the
 * last coupon went. `rehearsalId` marks a rehearsal's copy. `made` is there only in the round that makes it.
 */
export type Campaign = {
  id: string;
  name: string;
  discount: Discount;
  totalQuantity: number;
  issuedQuantity: number;
  opensAt: number;
  closesAt: number | null;
  validDays: number | null;
  expiresAt: number | null;
  version: number;
  soldOutAt: number | null;
  rehearsalId: string | null;
  made?: { createdAt: number };
};

export type CampaignStatus = "UPCOMING" | "OPEN" | "SOLD_OUT" | "CLOSED";

/** A coupon in somebody's hands. Its discount is the campaign's, which no longer changes once a coupon is issued. */
export type UserCoupon = {
  id: string;
  couponId: string;
  userId: string;
  status: "AVAILABLE" | "USED" | "EXPIRED";
  issuedAt: number;
  expiresAt: number | null;
  usedAt: number | null;
  orderId: string | null;
  discount: Discount;
};

/** Whether the campaign issues coupons at this moment: from `opensAt` on, and until it is over. */
export function isOpen(campaign: Pick<Campaign, "opensAt" | "closesAt" | "expiresAt">, now: number): boolean {
  return campaign.opensAt <= now && !isOver(campaign, now);
}

/** From `closesAt` on; and from `expiresAt` on, when whatever it issued would have run out before anyone could use it. */
export function isOver({ closesAt, expiresAt }: Pick<Campaign, "closesAt" | "expiresAt">, now: number): boolean {
  return (closesAt !== null && closesAt <= now) || (expiresAt !== null && expiresAt <= now);
}

export function campaignStatus(campaign: Campaign, now: number): CampaignStatus {
  if (isOver(campaign, now)) return "CLOSED";
  if (campaign.issuedQuantity >= campaign.totalQuantity) return "SOLD_OUT";
  return now < campaign.opensAt ? "UPCOMING" : "OPEN";
}

/**
 * When a coupon issued now expires: with the campaign's own date, or at the end of the `validDays`-th day after today in the shop's zone,
 * whichever comes first; null is never. The end of a day is the first instant of the next one.
 */
export function expiryOf(campaign: Pick<Campaign, "validDays" | "expiresAt">, now: number, timezone: string): number | null {
  const { validDays, expiresAt } = campaign;
  if (validDays === null) return expiresAt;
  return Math.min(endOfDayAfter(validDays, now, timezone), expiresAt ?? Number.POSITIVE_INFINITY);
}

/** The campaign with its `soldOutAt` as its quantities say: kept while no coupon is left, gone once there are coupons again. */
export function countedAt(campaign: Campaign, now: number): Campaign {
  const soldOutAt = campaign.issuedQuantity < campaign.totalQuantity ? null : (campaign.soldOutAt ?? now);
  return soldOutAt === campaign.soldOutAt ? campaign : { ...campaign, soldOutAt };
}

/** What a usable coupon takes off, in minor units, never more than the order is worth. Rounds down: the shop keeps the last won. */
export function discountFor(discount: Discount, totalAmount: number): number {
  if (discount.type === "FIXED") return Math.min(discount.amount, totalAmount);
  const wanted = percentOf(totalAmount, discount.rate);
  return Math.min(wanted, discount.maxAmount ?? wanted, totalAmount);
}

/** Whole percents of an amount, rounded down, exact up to 2^53: the hundreds and the rest are taken apart before they are multiplied. */
function percentOf(amount: number, rate: number): number {
  const rest = amount % 100;
  return ((amount - rest) / 100) * rate + Math.floor((rest * rate) / 100);
}

/** What a coupon is at this moment: one whose time is up is expired even before the job has come by. */
export function couponStatus(coupon: Pick<UserCoupon, "status" | "expiresAt">, now: number): UserCoupon["status"] {
  return coupon.status === "AVAILABLE" && coupon.expiresAt !== null && coupon.expiresAt <= now ? "EXPIRED" : coupon.status;
}

/** The user's coupon. Errors: COUPON_NOT_FOUND where it does not exist or is another's. */
export function ownCoupon(uow: UnitOfWork, userCouponId: string, userId: string): UserCoupon {
  const coupon = uow.find(userCoupons, userCouponId);
  if (coupon === undefined || coupon.userId !== userId) refuse("COUPON_NOT_FOUND", { userCouponId });
  return coupon;
}

/**
 * The same, if it may be used on an order of this total now.
 * Errors: COUPON_NOT_FOUND, COUPON_UNUSABLE with `reason` USED, EXPIRED or MIN_ORDER_AMOUNT.
 */
export function usableCoupon(uow: UnitOfWork, userCouponId: string, userId: string, totalAmount: number): UserCoupon {
  const coupon = ownCoupon(uow, userCouponId, userId);
  const status = couponStatus(coupon, uow.now);
  if (status !== "AVAILABLE") refuse("COUPON_UNUSABLE", { userCouponId, reason: status });
  const { minOrderAmount = 0 } = coupon.discount;
  if (totalAmount < minOrderAmount) refuse("COUPON_UNUSABLE", { userCouponId, reason: "MIN_ORDER_AMOUNT", minOrderAmount, totalAmount });
  return coupon;
}

/** Uses a coupon up for an order. It must have been found usable in this decision. */
export function takeCoupon(uow: UnitOfWork, coupon: UserCoupon, orderId: string): void {
  uow.put(userCoupons, coupon.id, { ...coupon, status: "USED", usedAt: uow.now, orderId });
}

/** Gives an order's coupon back: available again, unless its time is up by now. Only if this order still has it. */
export function returnCoupon(uow: UnitOfWork, userCouponId: string, orderId: string): void {
  const coupon = uow.find(userCoupons, userCouponId);
  if (coupon?.orderId !== orderId) throw new Error(`coupon ${userCouponId} is not held by order ${orderId}`);
  const returned: UserCoupon = { ...coupon, status: "AVAILABLE", usedAt: null, orderId: null };
  uow.put(userCoupons, coupon.id, { ...returned, status: couponStatus(returned, uow.now) });
}
