// What an operator sees of the outbox: every event, and whether the data platform has it.

import type { Database } from "../database/pool.ts";
import { iso, isoOrNull } from "../database/statement.ts";
import { nextCursor, readCursor } from "../http/cursor.ts";
import { eventId, parseEventId } from "../ids.ts";
import { invalid } from "../refusal.ts";
import { type EventPlace, type EventRecord, type EventStatus, selectEvent, selectEvents } from "./events.sql.ts";
import { enableSinks } from "./lease.sql.ts";
import { requestReplay } from "./retries.sql.ts";

/** `attempts` counts the tries of the sink that took the most; while a sink is away, its tries since then. */
export type EventView = {
  id: string;
  type: string;
  orderId: string;
  status: EventStatus;
  attempts: number;
  createdAt: string;
  deliveredAt: string | null;
  /** Why it waits or is dead: see ERROR in events.sql.ts. Null once it is delivered, and while its turn has not come. */
  lastError: string | null;
};

export type ListEvents = { sinks: string[]; status: EventStatus | null; limit: number; cursor: string | undefined };

/** One page of events, newest first. Errors: INVALID_REQUEST for a cursor that is not ours. */
export async function listEvents(
  database: Database,
  { sinks, status, limit, cursor }: ListEvents,
): Promise<{ events: EventView[]; nextCursor: string | null }> {
  const found = await database.rows<EventRecord>(selectEvents(sinks, status, eventPlace(cursor), limit + 1));
  return { events: found.slice(0, limit).map(eventView), nextCursor: nextCursor(found, limit, LIST, placeOf) };
}

/**
 * Has an event delivered once more, to every sink: also one that was delivered, and one that lies dead. One that has not had
 * its first turn yet is left to it. A sink that had said that it is gone is tried again from now on. Answers the event, or undefined where there is none with this id. Wake the relay afterwards.
 */
export async function replayEvent(database: Database, sinks: string[], id: string): Promise<EventView | undefined> {
  const { orderId, seq } = parseEventId(id);
  await database.rows(requestReplay(sinks, { orderId, seq }));
  const [found] = await database.rows<EventRecord>(selectEvent(sinks, orderId, seq));
  if (found) await database.rows(enableSinks(sinks));
  return found && eventView(found);
}

function eventView({ orderId, seq, type, status, attempts, createdAt, deliveredAt, lastError }: EventRecord): EventView {
  return { id: eventId(orderId, seq), type, orderId, status, attempts, createdAt: iso(createdAt), deliveredAt: isoOrNull(deliveredAt), lastError };
}

const LIST = "events";

function placeOf({ xid, orderId, seq }: EventPlace): (string | number)[] {
  return [Number(xid), orderId, seq];
}

/** Where a page goes on. A cursor that somebody made up may hold numbers that no event has, and that the database would not take. Errors: INVALID_REQUEST. */
export function eventPlace(cursor: string | undefined): EventPlace | null {
  const place = readCursor(LIST, cursor, ["number", "id", "number"]) as [number, string, number] | null;
  if (place === null) return null;
  const [xid, orderId, seq] = place;
  if (xid < 0 || seq < 0 || seq > 65_535) invalid("/cursor", "invalid cursor for this list");
  return { xid: String(xid), orderId, seq };
}
