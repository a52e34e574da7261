import type { Database } from "../database/pool.ts";
import { sanitizedReason, type SentWave } from "./deliver-in-order.ts";
import { type Envelope, envelopeOf } from "./envelope.ts";
import type { OutboxEvent } from "./event.ts";
import type { Outcome } from "./isolate.ts";
import { readOrderSnapshots } from "./order-snapshot.ts";

/** Sends events as envelopes, each with its order as of that event. Errors: the database's. */
export async function sendWave<Event extends OutboxEvent>(
  database: Database,
  wave: Event[],
  send: (envelopes: Envelope[]) => Promise<Outcome>,
): Promise<SentWave<Event>> {
  const orders = await readOrderSnapshots(database, wave);
  const envelopes = wave.map((event, i) => orders[i] && envelopeOf(event, orders[i]));
  const outcome = await send(envelopes.filter((envelope) => envelope !== undefined));
  const refused = new Map<Event, string>();
  const undelivered = new Set<Event>();
  wave.forEach((event, i) => {
    const id = envelopes[i]?.id;
    const reason = id === undefined ? "its order does not exist" : outcome.refused.get(id);
    if (reason !== undefined) refused.set(event, sanitizedReason(reason));
    else if (id !== undefined && outcome.undelivered.has(id)) undelivered.add(event);
  });
  return { refused, undelivered, unavailable: outcome.unavailable };
}
