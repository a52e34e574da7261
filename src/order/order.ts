// Orders and their rules.

import { refuse } from "../refusal.ts";
import type { Fulfilment, FulfilmentStatus } from "./fulfilment.ts";

export type OrderStatus = "PENDING" | "COMPLETED" | "REFUNDED" | "PARTIALLY_REFUNDED" | "CANCELLED" | "EXPIRED";

/** Amounts in minor units, instants in ms. `changes` counts the order's events. */
export type Order = {
  id: string;
  userId: string;
  status: OrderStatus;
  items: OrderItem[];
  changes: number;
  userCouponId: string | null;
  totalAmount: number;
  discountAmount: number;
  refundedAmount: number;
  createdAt: number;
  /** Null if it was paid when it was placed. */
  expiresAt: number | null;
  completedAt: number | null;
  /** When the balance paid; null for an order that is unpaid, or paid at the gateway. */
  paidAt: number | null;
  /** The id of the payment from the balance; null if it was made with the order. See `balancePayment`. */
  paymentId: string | null;
  /** Unpaid, and its stock and coupon are taken. Absent is false. */
  holdsStock?: boolean;
  /** When an operator began to prepare the goods. */
  preparingAt: number | null;
  fulfilment: Fulfilment | null;
  /** Follows from the members above; null is NONE. */
  fulfilmentStatus: Exclude<FulfilmentStatus, "NONE"> | null;
  shippingAddress: ShippingAddress | null;
  note: string | null;
  metadata: Record<string, string> | null;
  /** The order's id in another system, unique. Operators only. */
  externalId: string | null;
  /** An operator has brought it in from the past. */
  imported: boolean | null;
  /** The stored row has the layout of an older version. */
  unmoved?: boolean;
};

/** The members of an order of which nothing but the sale is known. */
export const NO_DETAILS = {
  preparingAt: null,
  fulfilment: null,
  fulfilmentStatus: null,
  shippingAddress: null,
  note: null,
  metadata: null,
  externalId: null,
  imported: null,
} as const satisfies Partial<Order>;

/** The recipient and address of the goods. `country` is a code of ISO 3166-1. */
export type ShippingAddress = {
  recipient: string;
  phone: string;
  postalCode: string;
  line1: string;
  line2?: string;
  country: string;
  note?: string;
};

/** A line item. SKU, name and options as they were when it was ordered. */
export type OrderItem = {
  variantId: string;
  productId: string;
  sku: string | null;
  name: string;
  options: Record<string, string>;
  unitPrice: number;
  quantity: number;
  refundedQuantity: number;
  /** The part of `unitPrice` that is exempt from value-added tax. Absent is 0, here and below. */
  taxFreeAmount?: number;
  shippedQuantity?: number;
  /** Of the refunded units, those refunded after shipment. */
  returnedQuantity?: number;
  /** Of the refunded units, those not sold again. */
  writtenOffQuantity?: number;
};

/** The events that change an order's status. */
export type StatusEventType =
  | "order.placed"
  | "order.completed"
  | "order.cancelled"
  | "order.expired"
  | "order.refunded"
  | "order.partially-refunded";
export type FulfilmentEventType =
  | "order.preparing"
  | "order.shipped"
  | "order.delivered"
  | "return.requested"
  | "return.withdrawn"
  | "return.received"
  | "return.rejected";
export type OrderEventType = StatusEventType | FulfilmentEventType;

/** A change of an order after its first. `data` has values that its rows do not keep (docs/api/events.md). */
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
 * Whether an unpaid order is past its end, even if the job has not expired it yet.
 * @param holdHasEnded of the hold that it took over in a drop, whose time stands still during a pause; undefined if it took none
 */
export function hasExpired(order: Order, holdHasEnded: boolean | undefined, now: number): boolean {
  return holdHasEnded ?? (order.expiresAt !== null && now >= order.expiresAt);
}
