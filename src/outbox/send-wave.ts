import type { Database } from "../database/pool.ts";
import { sanitizedReason, type SentWave } from "./deliver-in-order.ts";
import { type Envelope, envelopeOf, shopEnvelopeOf } from "./envelope.ts";
import type { EventContents } from "./event-contents.ts";
import { isOfOrder, type OutboxEvent, type ShopOutboxEvent } from "./event.ts";
import type { Outcome } from "./isolate.ts";
import { readOrderSnapshots } from "./order-snapshot.ts";
import type { OrderRow } from "./outbox.sql.ts";
import { shopEventData } from "./shop-event-data.ts";
import { withVariantMetadata } from "./variant-metadata.ts";

/** The database and the choice of data for the envelopes. `orders`: those that were read already, by id. */
export type WaveParts = { database: Database; contents: EventContents; orders?: ReadonlyMap<string, OrderRow> };

/** Sends events as envelopes, those of orders each with its order as of that event. Errors: the database's. */
export async function sendWave<Event extends OutboxEvent>(
  parts: WaveParts,
  wave: Event[],
  send: (envelopes: Envelope[]) => Promise<Outcome>,
): Promise<SentWave<Event>> {
  const envelopes = await envelopesOf(parts, wave);
  const outcome = await send([...envelopes.values()]);
  const refused = new Map<Event, string>();
  const undelivered = new Set<Event>();
  for (const event of wave) {
    const id = envelopes.get(event)?.id;
    const reason = id === undefined ? "its order does not exist" : outcome.refused.get(id);
    if (reason !== undefined) refused.set(event, sanitizedReason(reason));
    else if (id !== undefined && outcome.undelivered.has(id)) undelivered.add(event);
  }
  return { refused, undelivered, unavailable: outcome.unavailable };
}

/** In the order of `wave`. An event whose order does not exist has no envelope. */
async function envelopesOf<Event extends OutboxEvent>(
  { database, contents, orders: known }: WaveParts,
  wave: Event[],
): Promise<Map<Event, Envelope>> {
  const ofOrders = wave.filter(isOfOrder);
  const ofOthers = (wave as OutboxEvent[]).filter((event): event is ShopOutboxEvent => !isOfOrder(event));
  const dataOf = await shopEventData(database, ofOthers, contents.timezone);
  const orders = await withVariantMetadata(database, await readOrderSnapshots(database, ofOrders, contents, known));
  const orderAt = new Map(ofOrders.map((event, i) => [event as OutboxEvent, orders[i]]));
  const envelopes = new Map<Event, Envelope>();
  for (const event of wave) {
    const order = orderAt.get(event);
    const one: OutboxEvent = event;
    if (!isOfOrder(one)) envelopes.set(event, shopEnvelopeOf(one, dataOf(one)));
    else if (order) envelopes.set(event, envelopeOf(one, order));
  }
  return envelopes;
}
