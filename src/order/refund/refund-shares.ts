import { type Order, type OrderItem, payable } from "../order.ts";

/** The figures that the share of a payment depends on. */
type Shared = Pick<OrderItem, "unitPrice" | "quantity" | "refundedQuantity">;

/**
 * The refund of each line item, in minor units, when its refunded quantity changes from `before` to
 * `after`.
 *
 * Each line item has a share of the payment in proportion to its cost. Shares are differences of
 * one running total, so they add up to the payment exactly. The units of a line item divide its
 * share in the same way. So partial refunds of any size, in any order, add up to the payment.
 */
export function refundShares(order: Amounts, before: Shared[], after: Shared[]): number[] {
  return sharesOf(order, before).map((share, i) => {
    const { quantity, refundedQuantity } = before[i] as Shared;
    return part(share, after[i]?.refundedQuantity ?? 0, quantity) - part(share, refundedQuantity, quantity);
  });
}

type Amounts = Pick<Order, "totalAmount" | "discountAmount">;

/** The share of each line item in the payment. */
function sharesOf(order: Amounts, items: Shared[]): number[] {
  const paid = payable(order);
  let costSoFar = 0;
  return items.map((item) => {
    const from = part(paid, costSoFar, order.totalAmount);
    costSoFar += item.unitPrice * item.quantity;
    return part(paid, costSoFar, order.totalAmount) - from;
  });
}

/**
 * The tax-free part of a refund that changes the line items from `before` to `after`, in minor units.
 *
 * It is a difference of the tax-free parts of the rest of the payment, so the parts of all refunds
 * add up to the payment's, and none is above its refund. A window may have been opened without the
 * order's tax-free amount; then the gateway's amount is divided in proportion to the refunds.
 * @param atGateway the tax-free amount of the payment at the gateway
 */
export function taxFreeShare(order: Amounts & Pick<Order, "refundedAmount">, before: OrderItem[], after: OrderItem[], atGateway: number): number {
  if (atGateway === taxFreeLeft(order, before, () => 0)) return taxFreeLeft(order, before) - taxFreeLeft(order, after);
  const amount = refundShares(order, before, after).reduce((sum, share) => sum + share, 0);
  const { refundedAmount } = order;
  return part(atGateway, refundedAmount + amount, payable(order)) - part(atGateway, refundedAmount, payable(order));
}

/** The tax-free part of the whole payment. */
export function taxFreeTotal(order: Amounts & Pick<Order, "items">): number {
  // Most orders have none.
  return order.items.some(({ taxFreeAmount }) => taxFreeAmount) ? taxFreeLeft(order, order.items, () => 0) : 0;
}

/** The tax-free part of the rest of the payment. */
function taxFreeLeft(order: Amounts, items: OrderItem[], refunded = (item: OrderItem): number => item.refundedQuantity): number {
  const shares = sharesOf(order, items);
  return items.reduce((sum, item, i) => {
    const share = shares[i] as number;
    return sum + part(share - part(share, refunded(item), item.quantity), item.taxFreeAmount ?? 0, item.unitPrice);
  }, 0);
}

/** `amount × numerator ÷ denominator`, rounded down. The product may exceed 2^53. */
function part(amount: number, numerator: number, denominator: number): number {
  if (denominator === 0) return 0;
  return Number((BigInt(amount) * BigInt(numerator)) / BigInt(denominator));
}
