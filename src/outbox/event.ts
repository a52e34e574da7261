// An event of the outbox: one change of an order, or something that happened to another subject.

import type { ShopEventData, ShopEventType } from "../events/shop-events.ts";
import { eventId } from "../ids.ts";
import type { OrderEventType } from "../order/order.ts";

/** `seq` counts the order's changes from 1; `at` in ms since 1970. */
export type OrderOutboxEvent = { id: null; orderId: string; seq: number; type: OrderEventType; data: RefundData | null; at: number };
/** An event that is not of an order. `orderId` is its subject: events of one subject are delivered in the order of `seq`. */
export type ShopOutboxEvent = { id: string; orderId: string; seq: number; type: ShopEventType; data: ShopEventData; at: number };
export type OutboxEvent = OrderOutboxEvent | ShopOutboxEvent;

/** The id under which an event is delivered. That of an order's event follows from the order and the number. */
export function idOf({ id, orderId, seq }: { id: string | null; orderId: string; seq: number }): string {
  return id ?? eventId(orderId, seq);
}

export function isOfOrder<Event extends OutboxEvent>(event: Event): event is Event & OrderOutboxEvent {
  return event.id === null;
}

/** Items and amount of a refund, in minor units. */
export type RefundData = {
  items: { variantId: string; productId: string; quantity: number; unitPrice: number; amount: number }[];
  amount: number;
  /** For operators. Shoppers read `customerReason`, which refunds older than that field lack. */
  reason: string;
  customerReason?: string | null;
};
