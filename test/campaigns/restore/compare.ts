// Compares a restored shop with the answers and events of the history that was undone.

import { isDeepStrictEqual } from "node:util";
import pg from "pg";
import { types } from "../../../src/database/pool.ts";
import { eventId } from "../../../src/ids.ts";
import type { Envelope } from "../../../src/outbox/envelope.ts";
import type { Acknowledged } from "../../support/clients.ts";
import { overtakenEntries } from "../../support/drop-books.ts";
import { call, withoutRequestId } from "../../support/shop.ts";

type EventRow = { id: string; subject: string; seq: number; delivered: boolean };
/** The events in the database as it was restored; `delivered`: the sink's position covers it, and it does not wait for a retry. */
export type AtThePoint = { events: EventRow[] };

/** Types that are sent by default. */
const SENT = "^(order|return|drop|entry)\\.";
const EVENTS = `SELECT e.own, e.subject, e.seq, e.xid <= (SELECT min(position) FROM sinks)
    AND NOT EXISTS (SELECT FROM letters l WHERE l.order_id = e.subject AND l.seq = e.seq AND l.status <> 'DELIVERED') AS delivered
  FROM (SELECT NULL::uuid AS own, id AS subject, 1 AS seq, 'order.' AS type, xid FROM orders WHERE xid IS NOT NULL
        UNION ALL SELECT id, order_id, seq, type, xid FROM order_events
        UNION ALL SELECT id, subject, seq, type, xid FROM shop_events) e WHERE e.type ~ '${SENT}'`;

export async function readPoint(url: string): Promise<AtThePoint> {
  return { events: await eventsOf(url) };
}

async function eventsOf(url: string): Promise<EventRow[]> {
  const rows = await select<Omit<EventRow, "id"> & { own: string | null }>(url, EVENTS);
  return rows.map(({ own, ...event }) => ({ ...event, id: own ?? eventId(event.subject, event.seq) }));
}

type Keys = { acknowledged: Acknowledged[]; before: number; returned: number };
const REPEATED = 200;

/**
 * Repeats requests under their keys. One that was acknowledged before the point gets the same answer; one that was sent after it is
 * executed anew. Requests that were under way at the point may be either.
 * @param atOnce requests that one caller has under way at the same time
 */
export async function verifyKeys(
  url: string,
  { acknowledged, before, returned }: Keys,
  atOnce: number,
): Promise<{ lost: number; findings: string[] }> {
  const findings: string[] = [];
  const repeat = ({ request }: Acknowledged): ReturnType<typeof call> =>
    call(url, request.method, request.path, request.body, { authorization: `Bearer ${request.token}`, "idempotency-key": request.key });
  for (const one of sample(acknowledged.slice(0, before))) {
    const again = await repeat(one);
    const isSame = again.status === one.status && withoutRequestId(again.text) === withoutRequestId(one.text);
    if (!isSame || again.headers["idempotent-replayed"] !== "true")
      findings.push(`a key from before the point: ${one.request.path} was ${one.status} ${one.text} and is ${again.status} ${again.text}`);
  }
  const seen = new Map<string, number>();
  const later = acknowledged.slice(returned).filter(({ caller }) => {
    seen.set(caller, (seen.get(caller) ?? 0) + 1);
    return (seen.get(caller) ?? 0) > atOnce;
  });
  for (const one of sample(later)) {
    const again = await repeat(one);
    if (again.headers["idempotent-replayed"] === "true") findings.push(`a key from after the point has an answer: ${one.request.path}`);
  }
  return { lost: later.length, findings };
}

function sample<T>(all: T[]): T[] {
  const step = Math.max(1, Math.ceil(all.length / REPEATED));
  return all.filter((_, i) => i % step === 0);
}

type Counts = { eventsAtThePoint: number; eventsLost: number; eventsAgain: number; eventsAfterwards: number };

/**
 * Each event at the point was delivered before, or is delivered afterwards; those that the position covers are not delivered again; a
 * repeated one has the same content; no new event has the id of a lost one; and each subject's events arrive in order.
 */
export async function compareDeliveries(
  url: string,
  { events }: AtThePoint,
  before: Envelope[],
  afterwards: Envelope[],
): Promise<{ counts: Counts; findings: string[] }> {
  const findings: string[] = [];
  const [old, fresh] = [new Map(before.map((one) => [one.id, one])), new Map(afterwards.map((one) => [one.id, one]))];
  const atThePoint = new Map(events.map((event) => [event.id, event]));
  for (const { id, delivered } of events) {
    if (delivered && !old.has(id)) findings.push(`event ${id} counts as delivered and was not`);
    if (delivered && fresh.has(id)) findings.push(`event ${id} was delivered and came again`);
    if (!delivered && !fresh.has(id)) findings.push(`event ${id} waited at the point and was skipped`);
  }
  for (const [id, envelope] of fresh) {
    const known = old.get(id);
    if (!known) continue;
    if (!atThePoint.has(id)) findings.push(`event ${id} (${envelope.type}) has the id of a lost event (${known.type})`);
    else if (!isDeepStrictEqual(known, envelope)) findings.push(`event ${id} came again with other content`);
  }
  for (const { id } of await eventsOf(url)) if (!fresh.has(id) && !old.has(id)) findings.push(`event ${id} was never delivered`);
  findings.push(...outOfOrder(afterwards));
  const counts = {
    eventsAtThePoint: events.length,
    eventsLost: [...old.keys()].filter((id) => !atThePoint.has(id)).length,
    eventsAgain: [...fresh.keys()].filter((id) => old.has(id)).length,
    eventsAfterwards: fresh.size,
  };
  return { counts, findings };
}

function outOfOrder(envelopes: Envelope[]): string[] {
  const last = new Map<string, string>();
  const findings: string[] = [];
  for (const { subject, sequence } of envelopes) {
    if ((last.get(subject) ?? "") > sequence) findings.push(`event ${sequence} of ${subject} is late`);
    last.set(subject, sequence);
  }
  return findings;
}

/** The numbers of each drop have no gap, its counter is the last number, and no entry was overtaken. */
export async function verifyDrops(url: string): Promise<{ entries: number; findings: string[] }> {
  const drops = await select<{ id: string; entries: number; last: number; next: number }>(
    url,
    `SELECT d.id, count(e.number)::int AS entries, coalesce(max(e.number), 0)::int AS last, d.number::int AS next
     FROM drops d LEFT JOIN drop_entries e ON e.drop_id = d.id GROUP BY d.id`,
  );
  const findings: string[] = [];
  for (const { id, entries, last, next } of drops) {
    if (entries !== last || next !== last) findings.push(`drop ${id} has ${entries} entries, the last is number ${last}, its counter is ${next}`);
    for (const { number } of await overtakenEntries((text, values = []) => select(url, text, values), id))
      findings.push(`entry ${number} of drop ${id} was overtaken`);
  }
  return { entries: drops.reduce((sum, { entries }) => sum + entries, 0), findings };
}

async function select<Row>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, types });
  await client.connect();
  try {
    return (await client.query(text, values)).rows as Row[];
  } finally {
    await client.end();
  }
}
