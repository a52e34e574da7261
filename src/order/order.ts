// Orders: what was bought, for how much, and what has become of it.

import type { PaymentRow } from "./payment/payment.ts";
import { iso, isoOrNull } from "../database/statement.ts";
import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { orderEvents, orderItems, orders } from "./order.sql.ts";

export type OrderStatus = "PENDING" | "COMPLETED" | "REFUNDED" | "PARTIALLY_REFUNDED" | "CANCELLED" | "EXPIRED";

/** Amounts in minor units, instants in ms. `changes` counts the order's events. */
export type Order = {
  id: string;
  userId: string;
  status: OrderStatus;
  changes: number;
  userCouponId: string | null;
  totalAmount: number;
  discountAmount: number;
  refundedAmount: number;
  createdAt: number;
  expiresAt: number | null;
  completedAt: number | null;
};

export type OrderItem = {
  variantId: string;
  productId: string;
  line: number;
  name: string;
  unitPrice: number;
  quantity: number;
  refundedQuantity: number;
};

export type OrderEventType = "order.placed" | "order.completed" | "order.cancelled" | "order.expired" | "order.refunded" | "order.partially-refunded";

/** One change of an order. `data` holds only what the order's own rows don't say for ever (docs/events.md). */
export type OrderEvent = { orderId: string; seq: number; type: OrderEventType; data: unknown; at: number };

/** What the order's owner pays or has paid: what the lines come to, less the discount. */
export function payable(order: Pick<Order, "totalAmount" | "discountAmount">): number {
  return order.totalAmount - order.discountAmount;
}

/**
 * A buyer pays what the buyer was shown, or nothing. Checked against the locked rows, before anything is taken.
 * @param expectedAmount as the client sent it; null if the client has no expectation
 * Errors: AMOUNT_CHANGED.
 */
export function checkAmount(order: Order, expectedAmount: number | null): void {
  const amount = payable(order);
  if (expectedAmount !== null && expectedAmount !== amount) refuse("AMOUNT_CHANGED", { expectedAmount, amount });
}

/** An unpaid order can be paid until it expires, whether or not the job has come by. */
export function isPayable(order: Order, now: number): boolean {
  return order.status === "PENDING" && (order.expiresAt === null || now < order.expiresAt);
}

/** An order's lines, as the round has them. */
export function itemsOf(uow: UnitOfWork, orderId: string): OrderItem[] {
  return uow.find(orderItems, orderId) ?? [];
}

/** Event ids have sixteen bits for the number of the change (ids.ts). */
export const CHANGES_MAX = 65_535;

/** Changes an order, and writes the one event that this change has. Errors: ORDER_NOT_REFUNDABLE after 65,535 changes. */
export function changeOrder(uow: UnitOfWork, order: Order, type: OrderEventType, fields: Partial<Order>, data: unknown = null): Order {
  const changes = order.changes + 1;
  if (changes > CHANGES_MAX) refuse("ORDER_NOT_REFUNDABLE", { orderId: order.id });
  const changed = { ...order, ...fields, changes };
  uow.put(orders, order.id, changed);
  uow.append(orderEvents, { orderId: order.id, seq: changes, type, data, at: uow.now });
  return changed;
}

export type OrderView = {
  orderId: string;
  userId: string;
  status: OrderStatus;
  orderItems: Omit<OrderItem, "line">[];
  userCouponId: string | null;
  totalAmount: number;
  discountAmount: number;
  paidAmount: number;
  refundedAmount: number;
  amountDue: number;
  payment: { paymentId: string; method: "BALANCE" | "CARD"; status: PaymentRow["status"] } | null;
  createdAt: string;
  expiresAt: string | null;
  completedAt: string | null;
};

/** An order as the API shows it. `paidAmount` is 0 until it is paid, `amountDue` is 0 unless it is PENDING. */
export function orderView(order: Order, items: OrderItem[], payment: Pick<PaymentRow, "id" | "method" | "status"> | undefined): OrderView {
  return {
    orderId: order.id,
    userId: order.userId,
    status: order.status,
    orderItems: items.map(({ variantId, productId, name, unitPrice, quantity, refundedQuantity }) => ({
      productId,
      variantId,
      name,
      unitPrice,
      quantity,
      refundedQuantity,
    })),
    userCouponId: order.userCouponId,
    totalAmount: order.totalAmount,
    discountAmount: order.discountAmount,
    paidAmount: order.completedAt === null ? 0 : payable(order),
    refundedAmount: order.refundedAmount,
    amountDue: order.status === "PENDING" ? payable(order) : 0,
    payment: payment ? { paymentId: payment.id, method: payment.method, status: payment.status } : null,
    createdAt: iso(order.createdAt),
    expiresAt: isoOrNull(order.expiresAt),
    completedAt: isoOrNull(order.completedAt),
  };
}
