// Delivering a batch so that each order's events arrive in their order, also where a sink refuses one of them.

import { cutText } from "../text.ts";
import type { Envelope, OutboxEvent } from "./envelope.ts";

export type Delivered<Event> = { delivered: Event[]; refused: { event: Event; reason: string }[]; parked: Event[] };

/**
 * Sends the events in waves with at most one event of an order in each, so that a refusal is known before the next of its
 * order is sent. What follows a refused event, or an order in `blocked`, is not sent but parked: the other orders go on.
 * @param send delivers one wave and answers the refused events with a reason each
 */
export async function deliverInOrder<Event extends OutboxEvent>(
  events: Event[],
  blocked: Set<string>,
  send: (wave: Event[]) => Promise<Map<Event, string>>,
): Promise<Delivered<Event>> {
  const result: Delivered<Event> = { delivered: [], refused: [], parked: [] };
  let rest = events;
  while (rest.length > 0) {
    const { wave, parked, later } = nextWave(rest, blocked);
    result.parked.push(...parked);
    const refusals = wave.length === 0 ? new Map<Event, string>() : await send(wave);
    for (const event of wave) {
      const reason = refusals.get(event);
      if (reason === undefined) result.delivered.push(event);
      else {
        blocked.add(event.orderId);
        result.refused.push({ event, reason });
      }
    }
    rest = later;
  }
  return result;
}

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

/** What a sink's answer, which names envelopes, says of the events they were made of. */
export function refusalsOf<Event>(sent: { event: Event; envelope: Envelope }[], failed: ReadonlyMap<string, string>): Map<Event, string> {
  const refusals = new Map<Event, string>();
  for (const { event, envelope } of sent) {
    const reason = failed.get(envelope.id);
    if (reason !== undefined) refusals.set(event, sayable(reason));
  }
  return refusals;
}

const REASON_LENGTH = 500;

/** A foreign text that the database will take. */
export function sayable(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : String(reason);
  return cutText(text.replaceAll("\0", ""), REASON_LENGTH) || "no reason given";
}
