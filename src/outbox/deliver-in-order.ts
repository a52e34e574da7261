// Delivers a batch so that each order's events arrive in sequence, even if the sink refuses one of them.

import { cutText } from "../text.ts";
import type { OutboxEvent } from "./event.ts";

export type Delivered<Event> = {
  delivered: Event[];
  refused: { event: Event; reason: string }[];
  blocked: Event[];
  /** Set if the sink is unavailable: later waves were not sent. */
  unavailable?: Error;
  /** Events of the last wave that are neither delivered nor refused. */
  undelivered: Event[];
};

/** The result of one wave. An event that is in neither collection is delivered. */
export type SentWave<Event> = { refused: ReadonlyMap<Event, string>; undelivered: ReadonlySet<Event>; unavailable?: Error | undefined };

/**
 * Sends the events in waves of at most one event per order, so that a refusal is known before the order's next event is sent.
 * Events after a refused one are blocked, not sent; other orders go on.
 * @param blockedOrders orders none of whose events may be sent; orders with a refused event are added
 * @param send delivers one wave
 */
export async function deliverInOrder<Event extends OutboxEvent>(
  events: Event[],
  blockedOrders: Set<string>,
  send: (wave: Event[]) => Promise<SentWave<Event>>,
): Promise<Delivered<Event>> {
  const result: Delivered<Event> = { delivered: [], refused: [], blocked: [], undelivered: [] };
  let rest = events;
  while (rest.length > 0) {
    const { wave, blocked, later } = nextWave(rest, blockedOrders);
    result.blocked.push(...blocked);
    const sent = wave.length === 0 ? NOTHING_SENT : await send(wave);
    for (const event of wave) {
      const reason = sent.refused.get(event);
      if (reason !== undefined) {
        blockedOrders.add(event.orderId);
        result.refused.push({ event, reason });
      } else if (!sent.undelivered.has(event)) result.delivered.push(event);
    }
    if (sent.unavailable) return { ...result, undelivered: [...sent.undelivered], unavailable: sent.unavailable };
    rest = later;
  }
  return result;
}

const NOTHING_SENT = { refused: new Map<never, string>(), undelivered: new Set<never>(), unavailable: undefined };

function nextWave<Event extends OutboxEvent>(
  events: Event[],
  blockedOrders: ReadonlySet<string>,
): { wave: Event[]; blocked: Event[]; later: Event[] } {
  const wave = new Map<string, Event>();
  const blocked: Event[] = [];
  const later: Event[] = [];
  for (const event of events) {
    if (blockedOrders.has(event.orderId)) blocked.push(event);
    else if (wave.has(event.orderId)) later.push(event);
    else wave.set(event.orderId, event);
  }
  return { wave: [...wave.values()], blocked, later };
}

const REASON_LENGTH = 500;

/** A sink's error text, cut to 500 characters and without the NUL characters that PostgreSQL rejects. */
export function sanitizedReason(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : String(reason);
  return cutText(text.replaceAll("\0", ""), REASON_LENGTH) || "no reason given";
}
