// Orders and their rules.

import { refuse } from "../refusal.ts";

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

/** A line item. `line` is its index in the order. */
export type OrderItem = {
  variantId: string;
  productId: string;
  line: number;
  name: string;
  unitPrice: number;
  quantity: number;
  refundedQuantity: number;
  /** Absent is 0, here and below. */
  shippedQuantity?: number;
  /** Of the refunded units, those refunded after shipment. */
  returnedQuantity?: number;
  /** Of the refunded units, those not sold again. */
  writtenOffQuantity?: number;
};

export type OrderEventType = "order.placed" | "order.completed" | "order.cancelled" | "order.expired" | "order.refunded" | "order.partially-refunded";

/** A change of an order. `data` has values that its rows do not keep (docs/api/events.md). */
export type OrderEvent = { orderId: string; seq: number; type: OrderEventType; data: unknown; at: number };

/** The most changes of an order: event ids have 16 bits for the number of the change (ids.ts). */
export const CHANGES_MAX = 65_535;

/**
 * The amount that the order's owner pays or has paid, in minor units: the total less the discount.
 */
export function payable(order: Pick<Order, "totalAmount" | "discountAmount">): number {
  return order.totalAmount - order.discountAmount;
}

/**
 * Refuses to charge another amount than the buyer has seen. Call it with the locked order, before
 * any change.
 * @param expectedAmount as the client sent it; null if the client sent none
 * Errors: AMOUNT_CHANGED.
 */
export function checkAmount(order: Order, expectedAmount: number | null): void {
  const amount = payable(order);
  if (expectedAmount !== null && expectedAmount !== amount) refuse("AMOUNT_CHANGED", { expectedAmount, amount });
}

/**
 * Whether an unpaid order can be paid: until `expiresAt`, even if the job has not expired it yet.
 */
export function isPayable(order: Order, now: number): boolean {
  return order.status === "PENDING" && (order.expiresAt === null || now < order.expiresAt);
}
