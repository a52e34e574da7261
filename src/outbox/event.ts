// An event of the outbox: one change of an order, or something that happened to another subject.

import type { ShopEventData, ShopEventType } from "../events/shop-events.ts";
import { eventId } from "../ids.ts";
import type { OrderEventType } from "../order/order.ts";
import type { ShipmentView } from "../order/order-view.ts";

type RefundEventType = "order.refunded" | "order.partially-refunded";
type ParcelEventType = "order.shipped" | "order.delivered";
type ReturnEventType = Extract<OrderEventType, `return.${string}`>;
/** The types of an order's events, each with its data. Events older than a type's data have none. */
export type OrderEventContent =
  | { type: RefundEventType; data: RefundData }
  | { type: ParcelEventType; data: ShipmentView }
  | { type: ReturnEventType; data: ReturnData }
  | { type: Exclude<OrderEventType, RefundEventType | ParcelEventType | ReturnEventType>; data: null };

/** `seq` counts the order's changes from 1; `at` in ms since 1970. `id` is null unless the event has an id of its own (migration 0084). */
export type OrderOutboxEvent = { id: string | null; orderId: string; seq: number; at: number } & OrderEventContent;
/** An event that is not of an order. `orderId` is its subject: events of one subject are delivered in the order of `seq`. */
export type ShopOutboxEvent = { id: string; orderId: string; seq: number; type: ShopEventType; data: ShopEventData; at: number };
export type OutboxEvent = OrderOutboxEvent | ShopOutboxEvent;

/** The id under which an event is delivered. Without an id of its own, it follows from the order and the number. */
export function idOf({ id, orderId, seq }: { id: string | null; orderId: string; seq: number }): string {
  return id ?? eventId(orderId, seq);
}

export function isOfOrder<Event extends { type: string }>(event: Event): event is Event & OrderOutboxEvent {
  return event.type.startsWith("order.") || event.type.startsWith("return.");
}

/** Items and amount of a refund, in minor units. */
export type RefundData = {
  items: { variantId: string; productId: string; quantity: number; unitPrice: number; amount: number }[];
  amount: number;
  /** For operators. Shoppers read `customerReason`, which refunds older than that field lack. */
  reason: string;
  customerReason?: string | null;
  /** False if the units were written off. */
  restock?: false;
};

/** The units of a return. `restock` is known once they were received: false if they were written off. */
export type ReturnData = { returnId: string; items: { variantId: string; quantity: number }[]; restock?: boolean };

export function isRefund<Event extends { type: string }>(event: Event): event is Event & { type: RefundEventType; data: RefundData } {
  return event.type === "order.refunded" || event.type === "order.partially-refunded";
}
