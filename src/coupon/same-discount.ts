import type { Discount } from "./coupon.ts";

/** Whether two discounts mean the same, in whatever order their members were written. */
export function sameDiscount(a: Discount, b: Discount): boolean {
  if (a.minOrderAmount !== b.minOrderAmount) return false;
  if (a.type === "FIXED") return b.type === "FIXED" && a.amount === b.amount;
  return b.type === "PERCENTAGE" && a.rate === b.rate && a.maxAmount === b.maxAmount;
}
