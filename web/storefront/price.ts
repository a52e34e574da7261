// What an order comes to, as the contract has it: shown before the shop is asked, which has the last word.

import type { Discount } from "#client";

export type Line = { name: string; unitPrice: number; quantity: number };
export type Price<L> = { lines: (L & { amount: number })[]; total: number; discount: number; toPay: number };

export function priceOf<L extends Line>(lines: readonly L[], discount: Discount | null): Price<L> {
  const amounts = lines.map((line) => ({ ...line, amount: line.unitPrice * line.quantity }));
  const total = amounts.reduce((sum, { amount }) => sum + amount, 0);
  const off = discount === null || total < (discount.minOrderAmount ?? 0) ? 0 : discountFor(discount, total);
  return { lines: amounts, total, discount: off, toPay: total - off };
}

/** A percentage rounds down, and no discount is more than what there is. */
function discountFor(discount: Discount, total: number): number {
  if (discount.type === "FIXED") return Math.min(discount.amount, total);
  const rest = total % 100;
  const wanted = ((total - rest) / 100) * discount.rate + Math.floor((rest * discount.rate) / 100);
  return Math.min(wanted, discount.maxAmount ?? wanted, total);
}
