import { quoted, type Statement } from "../database/statement.ts";
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
 * An event's state at each sink, and all sinks together: dead at one is DEAD, missing at one is WAITING. Without a letter an
 * event is delivered if it lies at or before the sink's position: once if so, else as often as the sink was found away.
 * The first delivery that reached the event's transaction is the one that brought it.
 */
const STATE = `
  CROSS JOIN LATERAL (
    SELECT CASE WHEN bool_or(status = 'DEAD') THEN 'DEAD' WHEN bool_or(status = 'WAITING') THEN 'WAITING' ELSE 'DELIVERED' END AS status,
      max(attempts) AS attempts, CASE WHEN bool_and(status = 'DELIVERED') THEN max(at) END AS "deliveredAt",
      max(error) AS "lastError"
    FROM (
      SELECT coalesce(l.status, CASE WHEN e.xid <= s.position THEN 'DELIVERED' ELSE 'WAITING' END) AS status,
        coalesce(l.attempts, CASE WHEN e.xid <= s.position THEN 1 ELSE s.failures END) AS attempts,
        CASE WHEN l.sink IS NOT NULL THEN l.delivered_at
             ELSE (SELECT d.delivered_at FROM deliveries d WHERE d.sink = s.name AND d.position >= e.xid ORDER BY d.position LIMIT 1) END AS at,
        CASE WHEN l.status <> 'DELIVERED' THEN l.last_error END AS error
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
    values: [quoted(sinks, (name) => name), status, limit, ...(after ? [after.xid, after.orderId, after.seq] : [])],
  };
}

export function selectEvent(sinks: string[], orderId: string, seq: number): Statement {
  return {
    name: "select event",
    text: `SELECT ${COLUMNS} FROM order_events e ${STATE} WHERE e.order_id = $2 AND e.seq = $3 AND ${OF_NO_REHEARSAL}`,
    values: [quoted(sinks, (name) => name), orderId, seq],
  };
}
