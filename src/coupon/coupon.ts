// Campaigns issue coupons, first come, first served. A coupon gives a discount on an order.

import { endOfDayAfter } from "../day.ts";
import type { Metadata } from "../http/metadata.ts";

/** Amounts in minor units; `rate` in percent, 1–100. */
export type Discount =
  | { type: "FIXED"; amount: number; minOrderAmount?: number }
  | { type: "PERCENTAGE"; rate: number; maxAmount?: number; minOrderAmount?: number };

/**
 * Instants in ms. A campaign without an end stays open while coupons remain. `version` counts
 * operators' edits, `soldOutAt` is when the last coupon was issued. A PRIVATE campaign exists for
 * operators only. `rehearsalId` marks a rehearsal's copy. Only the round that creates the campaign
 * sets `made`.
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
  visibility: CampaignVisibility;
  metadata: Metadata;
  version: number;
  soldOutAt: number | null;
  rehearsalId: string | null;
  made?: { createdAt: number };
};

export const CAMPAIGN_VISIBILITIES = ["PUBLIC", "PRIVATE"] as const;
export type CampaignVisibility = (typeof CAMPAIGN_VISIBILITIES)[number];
export type CampaignStatus = "UPCOMING" | "OPEN" | "SOLD_OUT" | "CLOSED";

/** A coupon of a user. The campaign's discount cannot change after the first coupon is issued. */
export type UserCoupon = {
  id: string;
  couponId: string;
  userId: string;
  status: "AVAILABLE" | "USED" | "EXPIRED" | "VOID";
  issuedAt: number;
  expiresAt: number | null;
  usedAt: number | null;
  /** When an operator voided it. A used one is VOID as soon as its order gives it back. */
  voidedAt: number | null;
  orderId: string | null;
  discount: Discount;
};

/** Whether the campaign issues coupons at this moment: from `opensAt` on, until it is over. */
export function isOpen(campaign: Pick<Campaign, "opensAt" | "closesAt" | "expiresAt">, now: number): boolean {
  return campaign.opensAt <= now && !isOver(campaign, now);
}

/**
 * A campaign is over from `closesAt` on. From `expiresAt` on, too, because a coupon issued then
 * would already be expired.
 */
export function isOver({ closesAt, expiresAt }: Pick<Campaign, "closesAt" | "expiresAt">, now: number): boolean {
  return (closesAt !== null && closesAt <= now) || (expiresAt !== null && expiresAt <= now);
}

/** Whether the campaign has issued all its coupons. */
export function isSoldOut({ issuedQuantity, totalQuantity }: Pick<Campaign, "issuedQuantity" | "totalQuantity">): boolean {
  return issuedQuantity >= totalQuantity;
}

export function campaignStatus(campaign: Campaign, now: number): CampaignStatus {
  if (isOver(campaign, now)) return "CLOSED";
  if (isSoldOut(campaign)) return "SOLD_OUT";
  return now < campaign.opensAt ? "UPCOMING" : "OPEN";
}

/**
 * When a coupon issued now expires, in ms; null is never. It expires at the campaign's `expiresAt`
 * or at the end of the `validDays`-th day after today in the shop's time zone, whichever is first.
 * The end of a day is the first instant of the next day.
 */
export function expiryOf(campaign: Pick<Campaign, "validDays" | "expiresAt">, now: number, timezone: string): number | null {
  const { validDays, expiresAt } = campaign;
  if (validDays === null) return expiresAt;
  return Math.min(endOfDayAfter(validDays, now, timezone), expiresAt ?? Number.POSITIVE_INFINITY);
}

/** The campaign with `soldOutAt` set, kept or cleared according to its quantities. */
export function withSoldOutAt(campaign: Campaign, now: number): Campaign {
  const soldOutAt = isSoldOut(campaign) ? (campaign.soldOutAt ?? now) : null;
  return soldOutAt === campaign.soldOutAt ? campaign : { ...campaign, soldOutAt };
}

/** The discount in minor units, at most the order's total. Rounds down, in the shop's favor. */
export function discountFor(discount: Discount, totalAmount: number): number {
  if (discount.type === "FIXED") return Math.min(discount.amount, totalAmount);
  const percentage = percentOf(totalAmount, discount.rate);
  return Math.min(percentage, discount.maxAmount ?? percentage, totalAmount);
}

/** Whole percents, rounded down. Multiplies hundreds and rest separately: exact up to 2^53. */
function percentOf(amount: number, rate: number): number {
  const rest = amount % 100;
  return ((amount - rest) / 100) * rate + Math.floor((rest * rate) / 100);
}

/** The coupon's status now: expired from `expiresAt` on, even before the job has marked it. */
export function couponStatus(coupon: Pick<UserCoupon, "status" | "expiresAt">, now: number): UserCoupon["status"] {
  return coupon.status === "AVAILABLE" && coupon.expiresAt !== null && coupon.expiresAt <= now ? "EXPIRED" : coupon.status;
}
