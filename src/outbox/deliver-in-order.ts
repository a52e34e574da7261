// Delivering a batch so that each order's events arrive in their order, also where a sink refuses one of them.

import { cutText } from "../text.ts";
import type { OutboxEvent } from "./envelope.ts";

export type Delivered<Event> = {
  delivered: Event[];
  refused: { event: Event; reason: string }[];
  parked: Event[];
  /** Set if the sink is unavailable: nothing after this wave was sent. */
  unavailable?: Error;
  /** Of the last wave that was sent. */
  undelivered: Event[];
};

/** What became of one wave. An event that is in neither collection is delivered. */
export type SentWave<Event> = { refused: ReadonlyMap<Event, string>; undelivered: ReadonlySet<Event>; unavailable?: Error | undefined };

/**
 * Sends the events in waves with at most one event of an order in each, so that a refusal is known before the next of its
 * order is sent. What follows a refused event, or an order in `blocked`, is not sent but parked: the other orders go on.
 * @param send delivers one wave
 */
export async function deliverInOrder<Event extends OutboxEvent>(
  events: Event[],
  blocked: Set<string>,
  send: (wave: Event[]) => Promise<SentWave<Event>>,
): Promise<Delivered<Event>> {
  const result: Delivered<Event> = { delivered: [], refused: [], parked: [], undelivered: [] };
  let rest = events;
  while (rest.length > 0) {
    const { wave, parked, later } = nextWave(rest, blocked);
    result.parked.push(...parked);
    const sent = wave.length === 0 ? NOTHING_SENT : await send(wave);
    for (const event of wave) {
      const reason = sent.refused.get(event);
      if (reason !== undefined) {
        blocked.add(event.orderId);
        result.refused.push({ event, reason });
      } else if (!sent.undelivered.has(event)) result.delivered.push(event);
    }
    if (sent.unavailable) return { ...result, undelivered: [...sent.undelivered], unavailable: sent.unavailable };
    rest = later;
  }
  return result;
}

const NOTHING_SENT = { refused: new Map<never, string>(), undelivered: new Set<never>(), unavailable: undefined };

function nextWave<Event extends OutboxEvent>(events: Event[], blocked: ReadonlySet<string>): { wave: Event[]; parked: Event[]; later: Event[] } {
  const wave = new Map<string, Event>();
  const parked: Event[] = [];
  const later: Event[] = [];
  for (const event of events) {
    if (blocked.has(event.orderId)) parked.push(event);
    else if (wave.has(event.orderId)) later.push(event);
    else wave.set(event.orderId, event);
  }
  return { wave: [...wave.values()], parked, later };
}

const REASON_LENGTH = 500;

/** A foreign text that the database will take. */
export function sanitizedReason(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : String(reason);
  return cutText(text.replaceAll("\0", ""), REASON_LENGTH) || "no reason given";
}
