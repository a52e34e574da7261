import type { Order, OrderItem } from "../order.ts";
import { payable } from "../order.ts";

/**
 * What each line gets back when its refunded quantity goes from `before` to `after`, in minor units.
 *
 * Every line has a share of what was paid, in proportion to what it cost; the shares are cut from one running total, so
 * they add up to the payment exactly. Within a line the same is done piece by piece. So whatever the order and the size of
 * the parts, they add up to the line's share, and the lines' shares to the whole.
 */
export function refundShares(order: Pick<Order, "totalAmount" | "discountAmount">, before: OrderItem[], after: OrderItem[]): number[] {
  const paid = payable(order);
  let costSoFar = 0;
  return before.map((item, i) => {
    const from = part(paid, costSoFar, order.totalAmount);
    costSoFar += item.unitPrice * item.quantity;
    const share = part(paid, costSoFar, order.totalAmount) - from;
    return part(share, after[i]?.refundedQuantity ?? 0, item.quantity) - part(share, item.refundedQuantity, item.quantity);
  });
}

/** `amount × numerator ÷ denominator`, rounded down. The product may exceed 2^53, so it is made of big integers. */
function part(amount: number, numerator: number, denominator: number): number {
  if (denominator === 0) return 0;
  return Number((BigInt(amount) * BigInt(numerator)) / BigInt(denominator));
}
