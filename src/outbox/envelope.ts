// The format of delivered events: CloudEvents 1.0 in JSON structured mode. docs/api/events.md describes it for consumers.

import { iso } from "../database/statement.ts";
import type { ShopEventData, ShopEventType } from "../events/shop-events.ts";
import type { OrderEventType } from "../order/order.ts";
import { idOf, type OrderOutboxEvent, type ShopOutboxEvent } from "./event.ts";
import type { SentOrder } from "./variant-metadata.ts";

type EnvelopeOf<Source extends string, Type extends string, Data> = {
  specversion: "1.0";
  /** The same in every delivery of an event, so that a consumer can drop repetitions. */
  id: string;
  source: `/jangnal/${Source}`;
  type: `jangnal.${Type}`;
  /** The id of the order, or of the drop, entry, coupon … that the event is about. */
  subject: string;
  time: string;
  datacontenttype: "application/json";
  /** The CloudEvents extensions "partitioning" and "sequence": events of one subject, and their order within it. */
  partitionkey: string;
  sequence: string;
  data: Data;
};
export type OrderEnvelope = EnvelopeOf<"orders", OrderEventType, SentOrder>;
export type ShopEnvelope = EnvelopeOf<(typeof SOURCES)[keyof typeof SOURCES], ShopEventType, ShopEventData>;
export type Envelope = OrderEnvelope | ShopEnvelope;

/** By the first part of an event's type: the kind of its subject. */
const SOURCES = {
  drop: "drops",
  entry: "entries",
  payment: "payments",
  stock: "variants",
  coupon: "coupons",
  user: "users",
} as const;

export function envelopeOf(
  { id = null, orderId, seq, type, at }: Pick<OrderOutboxEvent, "orderId" | "seq" | "at"> & { id?: string | null; type: OrderEventType },
  data: SentOrder,
): OrderEnvelope {
  return {
    specversion: "1.0",
    id: idOf({ id, orderId, seq }),
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

/** The envelope of an event that is not of an order. */
export function shopEnvelopeOf({ id, orderId: subject, seq, type, at }: Omit<ShopOutboxEvent, "data">, data: ShopEventData): ShopEnvelope {
  return {
    specversion: "1.0",
    id,
    source: `/jangnal/${SOURCES[type.slice(0, type.indexOf(".")) as keyof typeof SOURCES]}`,
    type: `jangnal.${type}`,
    subject,
    time: iso(at),
    datacontenttype: "application/json",
    partitionkey: subject,
    sequence: String(seq).padStart(10, "0"), // A variant may be sold out more often than an order can change.
    data,
  };
}
