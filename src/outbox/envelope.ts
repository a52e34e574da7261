// What the data platform is sent: CloudEvents 1.0 in JSON structured mode. docs/api/events.md describes it to its readers.

import { iso } from "../database/statement.ts";
import { eventId } from "../ids.ts";
import type { OrderEventType } from "../order/order.ts";
import type { OrderSnapshot } from "./order-snapshot.ts";

export type Envelope = {
  specversion: "1.0";
  /** The same whenever the event is sent again: what a consumer recognises a repetition by. */
  id: string;
  source: "/jangnal/orders";
  type: `jangnal.${OrderEventType}`;
  /** The order's id. */
  subject: string;
  time: string;
  datacontenttype: "application/json";
  /** The CloudEvents extensions "partitioning" and "sequence": what belongs together, and in which order within it. */
  partitionkey: string;
  sequence: string;
  data: OrderSnapshot;
};

/** One change of an order as the outbox has it; `at` in ms since 1970. */
export type OutboxEvent = { orderId: string; seq: number; type: OrderEventType; data: RefundData | null; at: number };

/** What a refund gave back; amounts in minor units. */
export type RefundData = {
  items: { variantId: string; productId: string; quantity: number; unitPrice: number; amount: number }[];
  amount: number;
  /** The operator's; `customerReason` is what the shopper reads. Refunds from before there was one have none. */
  reason: string;
  customerReason?: string | null;
};

export function envelopeOf({ orderId, seq, type, at }: Pick<OutboxEvent, "orderId" | "seq" | "type" | "at">, data: OrderSnapshot): Envelope {
  return {
    specversion: "1.0",
    id: eventId(orderId, seq),
    source: "/jangnal/orders",
    type: `jangnal.${type}`,
    subject: orderId,
    time: iso(at),
    datacontenttype: "application/json",
    partitionkey: orderId,
    sequence: String(seq).padStart(5, "0"), // As long as the largest, so that they compare as text.
    data,
  };
}
