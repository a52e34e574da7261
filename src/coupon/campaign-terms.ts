// Comparison of a campaign's terms: everything about it that operators edit.

import { isDeepStrictEqual } from "node:util";
import type { Campaign, Discount } from "./coupon.ts";

/** Whether the terms are equal, so that only claims can differ. */
export function sameTerms(a: Campaign, b: Campaign): boolean {
  return (
    a.name === b.name &&
    sameDiscount(a.discount, b.discount) &&
    a.totalQuantity === b.totalQuantity &&
    a.opensAt === b.opensAt &&
    a.closesAt === b.closesAt &&
    a.validDays === b.validDays &&
    a.expiresAt === b.expiresAt &&
    a.visibility === b.visibility &&
    isDeepStrictEqual(a.metadata, b.metadata)
  );
}

/** Whether two discounts are equal, ignoring the order of their properties. */
export function sameDiscount(a: Discount, b: Discount): boolean {
  if (a.minOrderAmount !== b.minOrderAmount) return false;
  if (a.type === "FIXED") return b.type === "FIXED" && a.amount === b.amount;
  return b.type === "PERCENTAGE" && a.rate === b.rate && a.maxAmount === b.maxAmount;
}
