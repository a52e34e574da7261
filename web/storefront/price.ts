// The price of an order by the contract's rules, to show it before the order is sent. The shop's own calculation decides.

import type { Discount } from "#client";

export type PricedItem = { name: string; unitPrice: number; quantity: number };
export type Price<Item> = { items: (Item & { amount: number })[]; total: number; discount: number; toPay: number };

export function priceOf<Item extends PricedItem>(items: readonly Item[], discount: Discount | null): Price<Item> {
  const priced = items.map((item) => ({ ...item, amount: item.unitPrice * item.quantity }));
  const total = priced.reduce((sum, { amount }) => sum + amount, 0);
  const off = discount === null || total < (discount.minOrderAmount ?? 0) ? 0 : discountFor(discount, total);
  return { items: priced, total, discount: off, toPay: total - off };
}

/** A percentage rounds down. A discount is never more than the total. */
function discountFor(discount: Discount, total: number): number {
  if (discount.type === "FIXED") return Math.min(discount.amount, total);
  const rest = total % 100;
  const wanted = ((total - rest) / 100) * discount.rate + Math.floor((rest * discount.rate) / 100);
  return Math.min(wanted, discount.maxAmount ?? wanted, total);
}
