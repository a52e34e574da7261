// The operator's list of events, with their state of delivery.

import type { Database } from "../database/pool.ts";
import { iso, isoOrNull } from "../database/statement.ts";
import { nextCursor, readCursor } from "../http/cursor.ts";
import { parseEventId } from "../ids.ts";
import { invalid } from "../refusal.ts";
import { idOf, isOfOrder } from "./event.ts";
import { type EventPlace, type EventRecord, type EventStatus, selectEvent, selectEventPlace, selectEvents } from "./events.sql.ts";
import { enableSinks, selectBacklogs, type SinkBacklog } from "./lease.sql.ts";
import { type DeadFilter, requestReplay, requestReplays } from "./retries.sql.ts";
import type { RetryKey } from "./retries.ts";

/** `attempts` is that of the sink that needed the most; failures of an unavailable sink count. */
export type EventView = {
  id: string;
  type: string;
  /** Null for an event that is not of an order. */
  orderId: string | null;
  /** The subject of the event: an order, drop, entry, coupon … */
  subject: string;
  status: EventStatus;
  attempts: number;
  createdAt: string;
  deliveredAt: string | null;
  /** Why the event waits or is dead (ERROR in events.sql.ts). Null if it is delivered or was not sent yet. */
  lastError: string | null;
};

export type ListEvents = { sinks: string[]; status: EventStatus | null; limit: number; cursor: string | undefined };

/** One page of events, newest first. Errors: INVALID_REQUEST for a cursor of another list. */
export async function listEvents(
  database: Database,
  { sinks, status, limit, cursor }: ListEvents,
): Promise<{ events: EventView[]; nextCursor: string | null }> {
  const found = await database.rows<EventRecord>(selectEvents(sinks, status, eventPlace(cursor), limit + 1));
  return { events: found.slice(0, limit).map(eventView), nextCursor: nextCursor(found, limit, LIST, placeOf) };
}

/**
 * Schedules another delivery of an event to every sink, also if it was delivered or is a dead letter. An event whose first delivery
 * is still to come is not changed. Enables disabled sinks. Returns the event, or undefined if the id is unknown. The caller wakes
 * the relay.
 */
export async function replayEvent(database: Database, sinks: string[], id: string): Promise<EventView | undefined> {
  const [place] = await database.rows<RetryKey>(selectEventPlace(id));
  const { orderId, seq } = place ?? parseEventId(id);
  const [event] = await database.rows<EventRecord>(selectEvent(sinks, orderId, seq));
  // Order and number may be those of another event, which has an id of its own.
  if (!event || idOf(event) !== id.toLowerCase()) return undefined;
  await database.rows(requestReplay(sinks, { orderId, seq }));
  const [found] = await database.rows<EventRecord>(selectEvent(sinks, orderId, seq));
  if (found) await database.rows(enableSinks(sinks));
  return found && eventView(found);
}

/** Counts the events that wait at each sink, and its dead letters. */
export const countEvents = (database: Database, sinks: string[]): Promise<SinkBacklog[]> => database.rows<SinkBacklog>(selectBacklogs(sinks));

/** Schedules another delivery of dead letters, enables disabled sinks, and returns the count of the events. The caller wakes the relay. */
export async function replayDead(database: Database, filter: DeadFilter): Promise<number> {
  const [row] = await database.rows<{ replayed: number }>(requestReplays(filter));
  await database.rows(enableSinks(filter.sinks));
  return row?.replayed ?? 0;
}

function eventView({ id, orderId, seq, type, status, attempts, createdAt, deliveredAt, lastError }: EventRecord): EventView {
  return {
    id: idOf({ id, orderId, seq }),
    type,
    orderId: isOfOrder({ type }) ? orderId : null,
    subject: orderId,
    status,
    attempts,
    createdAt: iso(createdAt),
    deliveredAt: isoOrNull(deliveredAt),
    lastError,
  };
}

const LIST = "events";

function placeOf({ xid, orderId, seq }: EventPlace): (string | number)[] {
  return [Number(xid), orderId, seq];
}

/** Reads a cursor. A forged one may hold numbers that PostgreSQL cannot cast. Errors: INVALID_REQUEST. */
export function eventPlace(cursor: string | undefined): EventPlace | null {
  const place = readCursor(LIST, cursor, ["number", "id", "number"]) as [number, string, number] | null;
  if (place === null) return null;
  const [xid, orderId, seq] = place;
  if (xid < 0 || seq < 0 || seq > 65_535) invalid("/cursor", "invalid cursor for this list");
  return { xid: String(xid), orderId, seq };
}
