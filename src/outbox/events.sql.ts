import { textArray, type Statement } from "../database/statement.ts";
import { OF_NO_REHEARSAL } from "./outbox.sql.ts";

export type EventStatus = "WAITING" | "DELIVERED" | "DEAD";

/** `createdAt`, `deliveredAt` in ms; `xid` is the transaction that wrote it, as text. */
export type EventRecord = {
  orderId: string;
  seq: number;
  xid: string;
  type: string;
  createdAt: number;
  status: EventStatus;
  attempts: number;
  deliveredAt: number | null;
  lastError: string | null;
};

/** Where a page of events goes on: behind this one. */
export type EventPlace = { xid: string; orderId: string; seq: number };

/**
 * Why an event waits or is dead at a sink: the sink's answer to it; for an event that waits behind another one of its order, the
 * answer to that one; else the sink's own failure.
 */
const ERROR = `
  CASE WHEN l.status = 'DELIVERED' OR (l.sink IS NULL AND e.xid <= s.position) THEN NULL
       WHEN l.last_error IS NOT NULL THEN l.last_error
       WHEN l.next_attempt_at = 'infinity' THEN
         (SELECT 'waits for event ' || p.seq || ' of its order' || coalesce(': ' || p.last_error, '') FROM letters p
          WHERE p.sink = l.sink AND p.order_id = l.order_id AND p.seq < l.seq AND p.status = 'WAITING' ORDER BY p.seq LIMIT 1)
       WHEN s.failures > 0 THEN s.last_error END`;

/**
 * An event's state at each sink, and all sinks together: dead at one is DEAD, missing at one is WAITING. Without a letter an
 * event is delivered if it lies at or before the sink's position: once if so, else as often as the sink was found away.
 * The first delivery that reached the event's transaction is the one that brought it.
 */
const STATE = `
  CROSS JOIN LATERAL (
    SELECT CASE WHEN bool_or(status = 'DEAD') THEN 'DEAD' WHEN bool_or(status = 'WAITING') THEN 'WAITING' ELSE 'DELIVERED' END AS status,
      max(attempts) AS attempts, CASE WHEN bool_and(status = 'DELIVERED') THEN max(at) END AS "deliveredAt",
      string_agg(CASE WHEN cardinality($1::text[]) > 1 THEN name || ': ' || error ELSE error END, '; ' ORDER BY name) AS "lastError"
    FROM (
      SELECT s.name, coalesce(l.status, CASE WHEN e.xid <= s.position THEN 'DELIVERED' ELSE 'WAITING' END) AS status,
        coalesce(l.attempts, CASE WHEN e.xid <= s.position THEN 1 ELSE s.failures END) AS attempts,
        CASE WHEN l.sink IS NOT NULL THEN l.delivered_at
             ELSE (SELECT d.delivered_at FROM deliveries d WHERE d.sink = s.name AND d.position >= e.xid ORDER BY d.position LIMIT 1) END AS at,
        ${ERROR} AS error
      FROM sinks s LEFT JOIN letters l ON l.sink = s.name AND l.order_id = e.order_id AND l.seq = e.seq
      WHERE s.name = ANY($1::text[])
    ) each
  ) state`;

const COLUMNS = `e.order_id AS "orderId", e.seq, e.xid::text, e.type, e.created_at AS "createdAt", state.status, state.attempts, state."deliveredAt",
  state."lastError"`;

/** Up to here every sink has been given everything. */
const EVERYWHERE = "(SELECT min(position) FROM sinks WHERE name = ANY($1::text[]))";
const letters = (status: EventStatus): string => `(SELECT order_id, seq FROM letters WHERE sink = ANY($1::text[]) AND status = '${status}')`;
const NEWEST_FIRST = "ORDER BY e.xid DESC, e.order_id DESC, e.seq DESC LIMIT $3";

/**
 * Where events of a status are looked for, `behind` a place: the outbox is long, and what waits or lies dead is as a rule a few rows
 * of it; or else a few million, of which a page needs the newest.
 */
const CANDIDATES: Record<EventStatus | "ANY", (behind: string) => string> = {
  ANY: () => `SELECT * FROM order_events e WHERE ${OF_NO_REHEARSAL}`,
  DELIVERED: () => `SELECT * FROM order_events e WHERE xid <= ${EVERYWHERE} AND ${OF_NO_REHEARSAL}`,
  DEAD: () => `SELECT * FROM order_events WHERE (order_id, seq) IN ${letters("DEAD")}`,
  WAITING: (behind) => `
    (SELECT * FROM order_events e WHERE xid > ${EVERYWHERE} AND (order_id, seq) NOT IN ${letters("DEAD")} AND ${OF_NO_REHEARSAL} ${behind} ${NEWEST_FIRST})
    UNION ALL SELECT * FROM order_events WHERE xid <= ${EVERYWHERE} AND (order_id, seq) IN ${letters("WAITING")}`,
};

/** Events behind a place, newest first. */
export function selectEvents(sinks: string[], status: EventStatus | null, after: EventPlace | null, limit: number): Statement {
  const behind = after ? "AND (e.xid, e.order_id, e.seq) < ($4::xid8, $5::uuid, $6::int)" : "";
  return {
    name: `select events ${status ?? "ANY"}${after ? " after" : ""}`,
    text: `SELECT ${COLUMNS} FROM (${CANDIDATES[status ?? "ANY"](behind)}) e ${STATE} WHERE ($2::text IS NULL OR state.status = $2) ${behind} ${NEWEST_FIRST}`,
    values: [textArray(sinks, (name) => name), status, limit, ...(after ? [after.xid, after.orderId, after.seq] : [])],
  };
}

export function selectEvent(sinks: string[], orderId: string, seq: number): Statement {
  return {
    name: "select event",
    text: `SELECT ${COLUMNS} FROM order_events e ${STATE} WHERE e.order_id = $2 AND e.seq = $3 AND ${OF_NO_REHEARSAL}`,
    values: [textArray(sinks, (name) => name), orderId, seq],
  };
}
