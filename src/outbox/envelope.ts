// The format of delivered events: CloudEvents 1.0 in JSON structured mode. docs/api/events.md describes it for consumers.

import { iso } from "../database/statement.ts";
import { eventId } from "../ids.ts";
import type { OrderEventType } from "../order/order.ts";
import type { OutboxEvent } from "./event.ts";
import type { OrderSnapshot } from "./order-snapshot.ts";

export type Envelope = {
  specversion: "1.0";
  /** The same in every delivery of an event, so that a consumer can drop repetitions. */
  id: string;
  source: "/jangnal/orders";
  type: `jangnal.${OrderEventType}`;
  /** The order's id. */
  subject: string;
  time: string;
  datacontenttype: "application/json";
  /** The CloudEvents extensions "partitioning" and "sequence": events of one order, and their order within it. */
  partitionkey: string;
  sequence: string;
  data: OrderSnapshot;
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
    sequence: String(seq).padStart(5, "0"), // Fixed width, so that sequences compare correctly as text.
    data,
  };
}
