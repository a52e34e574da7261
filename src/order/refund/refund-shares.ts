import type { Order, OrderItem } from "../order.ts";

/** What a share depends on. The console computes with the same function, so that it shows the sum of a refund before it is sent. */
type SharedItem = Pick<OrderItem, "unitPrice" | "quantity" | "refundedQuantity">;

/**
 * The refund of each line item, in minor units, when its refunded quantity changes from `before` to
 * `after`.
 *
 * Each line item has a share of the payment in proportion to its cost. Shares are differences of
 * one running total, so they add up to the payment exactly. The units of a line item divide its
 * share in the same way. So partial refunds of any size, in any order, add up to the payment.
 */
export function refundShares(order: Pick<Order, "totalAmount" | "discountAmount">, before: SharedItem[], after: SharedItem[]): number[] {
  const paid = order.totalAmount - order.discountAmount;
  let costSoFar = 0;
  return before.map((item, i) => {
    const from = part(paid, costSoFar, order.totalAmount);
    costSoFar += item.unitPrice * item.quantity;
    const share = part(paid, costSoFar, order.totalAmount) - from;
    return part(share, after[i]?.refundedQuantity ?? 0, item.quantity) - part(share, item.refundedQuantity, item.quantity);
  });
}

/** `amount × numerator ÷ denominator`, rounded down. The product may exceed 2^53. */
function part(amount: number, numerator: number, denominator: number): number {
  if (denominator === 0) return 0;
  return Number((BigInt(amount) * BigInt(numerator)) / BigInt(denominator));
}
