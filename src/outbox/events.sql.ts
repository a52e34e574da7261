import { textArray, type Statement } from "../database/statement.ts";
import { EVENTS, OF_NO_REHEARSAL, OF_ORDER } from "./outbox.sql.ts";

export type EventStatus = "WAITING" | "DELIVERED" | "DEAD";

/** `createdAt`, `deliveredAt` in ms; `xid` is the transaction that wrote it, as text. */
export type EventRecord = {
  id: string | null;
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

/** The last event of a page; the next page starts after it. */
export type EventPlace = { xid: string; orderId: string; seq: number };

/**
 * Why an event waits or is dead at a sink: the sink's refusal of it; if an earlier event of its order blocks it, the refusal of
 * that one; else the error that made the sink unavailable.
 */
const ERROR = `
  CASE WHEN l.status = 'DELIVERED' OR (l.sink IS NULL AND e.xid <= s.position) THEN NULL
       WHEN l.last_error IS NOT NULL THEN l.last_error
       WHEN l.next_attempt_at = 'infinity' THEN
         (SELECT 'waits for event ' || p.seq || ' of its ' || CASE WHEN ${OF_ORDER} THEN 'order' ELSE 'subject' END || coalesce(': ' || p.last_error, '') FROM letters p
          WHERE p.sink = l.sink AND p.order_id = l.order_id AND p.seq < l.seq AND p.status = 'WAITING' ORDER BY p.seq LIMIT 1)
       WHEN s.failures > 0 THEN s.last_error END`;

/**
 * An event's state over all sinks: DEAD if it is dead at one of them, WAITING if it waits at one. Without a retry, an event up to
 * the sink's position is delivered, with one attempt; after it, each failure of the sink counts as an attempt.
 * It was delivered at the time of the first delivery whose position reached its transaction.
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

const COLUMNS = `e.id, e.order_id AS "orderId", e.seq, e.xid::text, e.type, e.created_at AS "createdAt", state.status, state.attempts, state."deliveredAt",
  state."lastError"`;

/** The position that every sink has reached. */
const EVERYWHERE = "(SELECT min(position) FROM sinks WHERE name = ANY($1::text[]))";
const retriesOf = (status: EventStatus): string => `(SELECT order_id, seq FROM letters WHERE sink = ANY($1::text[]) AND status = '${status}')`;
const NEWEST_FIRST = "ORDER BY e.xid DESC, e.order_id DESC, e.seq DESC LIMIT $3";

/**
 * Selects the events that can have a status, so that a page does not scan the whole outbox: usually a few rows wait or are dead.
 * If millions wait, `behind` and the limit restrict them to the newest ones that the page needs.
 */
const CANDIDATES: Record<EventStatus | "ANY", (behind: string) => string> = {
  ANY: () => `SELECT * FROM ${EVENTS} e WHERE ${OF_NO_REHEARSAL}`,
  DELIVERED: () => `SELECT * FROM ${EVENTS} e WHERE xid <= ${EVERYWHERE} AND ${OF_NO_REHEARSAL}`,
  DEAD: () => `SELECT * FROM ${EVENTS} e WHERE (order_id, seq) IN ${retriesOf("DEAD")}`,
  WAITING: (behind) => `
    (SELECT * FROM ${EVENTS} e WHERE xid > ${EVERYWHERE} AND (order_id, seq) NOT IN ${retriesOf("DEAD")} AND ${OF_NO_REHEARSAL} ${behind} ${NEWEST_FIRST})
    UNION ALL SELECT * FROM ${EVENTS} e WHERE xid <= ${EVERYWHERE} AND (order_id, seq) IN ${retriesOf("WAITING")}`,
};

/** Events before `after` in time, newest first. */
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
    text: `SELECT ${COLUMNS} FROM ${EVENTS} e ${STATE} WHERE e.order_id = $2 AND e.seq = $3 AND ${OF_NO_REHEARSAL}`,
    values: [textArray(sinks, (name) => name), orderId, seq],
  };
}

/** The subject and number of an event that has an id of its own. */
export function selectEventPlace(id: string): Statement {
  return {
    name: "select place of event",
    text: `SELECT subject AS "orderId", seq FROM shop_events WHERE id = $1 UNION ALL SELECT order_id, seq FROM order_events WHERE id = $1`,
    values: [id],
  };
}
