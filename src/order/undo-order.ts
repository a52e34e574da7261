// Cancelling, expiring and refunding: what an order took is given back, each thing once.

import { moveMoney } from "../balance/balance.ts";
import { users } from "../balance/balance.sql.ts";
import { returnStock } from "../catalog/catalog.ts";
import { returnCoupon } from "../coupon/coupon.ts";
import { iso } from "../database/statement.ts";
import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import type { WorkingSet } from "../till/working-set.ts";
import { type OrderFact, type OrderFacts, wholeOrder } from "./facts.ts";
import { changeOrder, itemsOf, type Order, type OrderItem, type OrderView, orderView } from "./order.ts";
import { orderItems, orders } from "./order.sql.ts";
import { type PaymentRow, payments } from "./payment.sql.ts";
import { refundShares } from "./refund-shares.ts";

export type CancelOrder = { orderId: string; /** Whose it must be; null for an operator. */ callerId: string | null; balanceMax: number; fact?: OrderFact };

/**
 * An unpaid order is cancelled, a paid one refunded whole.
 * Errors: ORDER_NOT_FOUND (another's too), ORDER_NOT_CANCELLABLE, PAYMENT_IN_PROGRESS.
 */
export function cancelOrder(facts: OrderFacts): Command<CancelOrder, OrderView> {
  return command<CancelOrder, OrderView>({
    name: "cancel order",
    prepare: (input) => withFact(facts, input),
    needs: ({ orderId, fact }) => wholeOrder(orderId, fact),

    decide(shop, { orderId, callerId, balanceMax }) {
      const order = ownOrder(shop, orderId, callerId);
      if (order.status === "COMPLETED") return refund(shop, order, remaining(itemsOf(shop, orderId)), "cancelled", balanceMax);
      if (order.status !== "PENDING") refuse("ORDER_NOT_CANCELLABLE", { orderId, orderStatus: order.status });
      if (shop.find(payments, orderId)) refuse("PAYMENT_IN_PROGRESS", { orderId });
      return orderView(changeOrder(shop, order, "order.cancelled", { status: "CANCELLED" }), itemsOf(shop, orderId), undefined);
    },
  });
}

export type RefundOrder = {
  orderId: string;
  /** What comes back, or null for everything that is left. */
  items: { variantId: string; quantity: number }[] | null;
  reason: string;
  balanceMax: number;
  fact?: OrderFact;
};

/**
 * Gives back some or all of a paid order: the pieces to the shelf, and to the buyer their share of what was paid.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_REFUNDABLE, INVALID_REQUEST for a variant that was not bought, BALANCE_LIMIT_EXCEEDED.
 */
export function refundOrder(facts: OrderFacts): Command<RefundOrder, OrderView> {
  return command<RefundOrder, OrderView>({
    name: "refund order",
    prepare: (input) => withFact(facts, input),
    needs: ({ orderId, fact }) => wholeOrder(orderId, fact),

    decide(shop, { orderId, items, reason, balanceMax }) {
      const order = ownOrder(shop, orderId, null);
      const bought = itemsOf(shop, orderId);
      if (items) for (const [i, item] of items.entries()) if (!bought.some(({ variantId }) => variantId === item.variantId)) invalid(`/items/${i}/variantId`, "was not bought with this order");
      if (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED") refuse("ORDER_NOT_REFUNDABLE", { orderId, orderStatus: order.status });
      return refund(shop, order, items ? addUp(items) : remaining(bought), reason, balanceMax);
    },
  });
}

/** An unpaid order whose time is up. Answers whether it was this that expired it; anything else about the order is left alone. */
export function expireOrder(facts: OrderFacts): Command<{ orderId: string; fact?: OrderFact }, boolean> {
  return command<{ orderId: string; fact?: OrderFact }, boolean>({
    name: "expire order",
    prepare: (input) => withFact(facts, input),
    needs: ({ orderId, fact }) => wholeOrder(orderId, fact),

    decide(shop, { orderId }) {
      const order = shop.find(orders, orderId);
      if (!order || order.status !== "PENDING" || order.expiresAt === null || order.expiresAt > shop.now) return false;
      if (shop.find(payments, orderId)) return false; // While a card's outcome is not known the order stays held.
      changeOrder(shop, order, "order.expired", { status: "EXPIRED" });
      return true;
    },
  });
}

async function withFact<Input extends { orderId: string }>(facts: OrderFacts, input: Input): Promise<Input & { fact?: OrderFact }> {
  const fact = await facts.of(input.orderId);
  return fact ? { ...input, fact } : input;
}

/** The order, if it is the caller's. Another's is not there, as far as anybody can tell. Errors: ORDER_NOT_FOUND. */
export function ownOrder(shop: WorkingSet, orderId: string, callerId: string | null): Order {
  const order = shop.find(orders, orderId);
  if (order === undefined || (callerId !== null && order.userId !== callerId)) refuse("ORDER_NOT_FOUND", { orderId });
  return order;
}

type Pieces = Map<string, number>;

function remaining(items: OrderItem[]): Pieces {
  return new Map(items.filter((item) => item.quantity > item.refundedQuantity).map((item) => [item.variantId, item.quantity - item.refundedQuantity]));
}

function addUp(items: { variantId: string; quantity: number }[]): Pieces {
  const pieces: Pieces = new Map();
  for (const { variantId, quantity } of items) pieces.set(variantId, (pieces.get(variantId) ?? 0) + quantity);
  return pieces;
}

/** The one place in which a paid order gives anything back. */
function refund(shop: WorkingSet, order: Order, pieces: Pieces, reason: string, balanceMax: number): OrderView {
  const bought = itemsOf(shop, order.id);
  const after = bought.map((item) => ({ ...item, refundedQuantity: item.refundedQuantity + (pieces.get(item.variantId) ?? 0) }));
  const tooMany = after.find((item) => item.refundedQuantity > item.quantity);
  if (tooMany || pieces.size === 0) refuse("ORDER_NOT_REFUNDABLE", { orderId: order.id, ...(tooMany ? { variantId: tooMany.variantId } : {}) });

  const shares = refundShares(order, bought, after);
  const amount = shares.reduce((sum, share) => sum + share, 0);
  const whole = after.every((item) => item.refundedQuantity === item.quantity);
  const given = after.flatMap(({ variantId, productId, unitPrice }, i) => {
    const quantity = pieces.get(variantId);
    return quantity === undefined ? [] : [{ variantId, productId, quantity, unitPrice, amount: shares[i] as number }];
  });

  for (const item of given) returnStock(shop, item);
  const wallet = shop.find(users, order.userId);
  if (wallet === undefined) throw new Error(`user ${order.userId} of order ${order.id} is gone`);
  if (amount > 0) moveMoney(shop, wallet, { type: "REFUND", amount, orderId: order.id, reason }, balanceMax);
  if (whole && order.userCouponId !== null) returnCoupon(shop, order.userCouponId, order.id);

  const status = whole ? "REFUNDED" : "PARTIALLY_REFUNDED";
  const payment = refundedPayment(shop, order.id, status, reason);
  shop.put(orderItems, order.id, after);
  const event = whole ? "order.refunded" : "order.partially-refunded";
  const changed = changeOrder(shop, order, event, { status, refundedAmount: order.refundedAmount + amount }, { items: given, amount, reason });
  return orderView(changed, after, payment);
}

function refundedPayment(shop: WorkingSet, orderId: string, status: "REFUNDED" | "PARTIALLY_REFUNDED", reason: string): PaymentRow {
  const payment = shop.find(payments, orderId);
  if (payment === undefined) throw new Error(`order ${orderId} is paid without a payment`);
  const steps = payment.steps ?? [{ status: "COMPLETED" as const, at: iso(payment.paidAt ?? payment.createdAt), reason: null }];
  const changed: PaymentRow = { ...payment, status, steps: [...steps, { status, at: iso(shop.now), reason }] };
  shop.put(payments, orderId, changed);
  return changed;
}
