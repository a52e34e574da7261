// Statements on delivery retries (table `letters`).

import { arrayOf, textArray, type Statement } from "../database/statement.ts";
import { EVENTS, OF_NO_REHEARSAL } from "./outbox.sql.ts";
import type { NewRetry, RetryKey, TriedRetry } from "./retries.ts";

/** Those of these orders that have a retry which is not settled. */
export function selectBlockedOrders(sink: string, orderIds: string[]): Statement {
  return {
    name: "select blocked orders",
    text: `SELECT DISTINCT order_id AS "orderId" FROM letters WHERE sink = $1 AND order_id = ANY($2::uuid[]) AND status = 'WAITING'`,
    values: [sink, arrayOf(orderIds, (id) => id)],
  };
}

/** Due retries: at most one per order, its first unsettled one, so that no event overtakes another. */
export function selectDueRetries(sink: string, limit: number): Statement {
  return {
    name: "select due retries",
    text: `SELECT e.id, e.order_id AS "orderId", e.seq, e.type, e.data, e.created_at AS at, l.attempts, l.replay
           FROM letters l JOIN ${EVENTS} e USING (order_id, seq)
           WHERE l.sink = $1 AND l.status = 'WAITING' AND l.next_attempt_at <= now()
             AND NOT EXISTS (SELECT FROM letters p WHERE p.sink = l.sink AND p.order_id = l.order_id AND p.seq < l.seq AND p.status = 'WAITING')
           ORDER BY l.next_attempt_at, l.order_id LIMIT $2`,
    values: [sink, limit],
  };
}

/** A blocked retry is due at infinity, until `wakeBlocked` makes it due. */
export function insertRetries(sink: string, retries: NewRetry[]): Statement {
  return {
    name: "insert retries",
    text: `INSERT INTO letters (sink, order_id, seq, status, attempts, next_attempt_at, last_error)
           SELECT $1, order_id, seq, 'WAITING', (reason IS NOT NULL)::int, CASE WHEN reason IS NULL THEN 'infinity' ELSE now() + pause * interval '1 ms' END, reason
           FROM unnest($2::uuid[], $3::int[], $4::int[], $5::text[]) v(order_id, seq, pause, reason)
           ON CONFLICT DO NOTHING`,
    values: [sink, ...columnsOf(retries)],
  };
}

export function updateRetries(sink: string, retries: TriedRetry[]): Statement {
  return {
    name: "update retries",
    text: `UPDATE letters l SET attempts = l.attempts + 1, last_error = v.reason,
             status = CASE WHEN v.reason IS NULL THEN 'DELIVERED' WHEN v.pause IS NULL THEN 'DEAD' ELSE 'WAITING' END,
             delivered_at = CASE WHEN v.reason IS NULL THEN now() END,
             next_attempt_at = now() + coalesce(v.pause, 0) * interval '1 ms'
           FROM unnest($2::uuid[], $3::int[], $4::int[], $5::text[]) v(order_id, seq, pause, reason)
           WHERE l.sink = $1 AND l.order_id = v.order_id AND l.seq = v.seq`,
    values: [sink, ...columnsOf(retries)],
  };
}

/** order_id, seq, pause, reason. */
function columnsOf(retries: (NewRetry | TriedRetry)[]): string[] {
  return [
    arrayOf(retries, ({ orderId }) => orderId),
    arrayOf(retries, ({ seq }) => seq),
    arrayOf(retries, ({ refusal }) => refusal?.pauseMs),
    textArray(retries, ({ refusal }) => refusal?.reason),
  ];
}

/** Makes the blocked retries of these orders due. `selectDueRetries` picks the first of each order. */
export function wakeBlocked(sink: string, orderIds: string[]): Statement {
  return {
    name: "wake blocked retries",
    text: "UPDATE letters SET next_attempt_at = now() WHERE sink = $1 AND order_id = ANY($2::uuid[]) AND status = 'WAITING' AND next_attempt_at = 'infinity'",
    values: [sink, arrayOf(orderIds, (id) => id)],
  };
}

/** Makes an event due once more at the sinks whose position is past it. An event whose first delivery is still to come is not changed. */
export function requestReplay(sinks: string[], { orderId, seq }: RetryKey): Statement {
  return {
    name: "replay event",
    text: `INSERT INTO letters (sink, order_id, seq, status, attempts, next_attempt_at, replay)
           SELECT s.name, e.order_id, e.seq, 'WAITING', 0, now(), gen_random_uuid() FROM ${EVENTS} e JOIN sinks s ON e.xid <= s.position
           WHERE e.order_id = $1 AND e.seq = $2 AND s.name = ANY($3::text[]) AND ${OF_NO_REHEARSAL}
           ON CONFLICT (sink, order_id, seq) DO UPDATE SET status = 'WAITING', attempts = 0, next_attempt_at = now(), delivered_at = NULL, last_error = NULL, replay = excluded.replay`,
    values: [orderId, seq, textArray(sinks, (name) => name)],
  };
}

export type DeadFilter = { sinks: string[]; from: string | null; to: string | null };

/**
 * Makes dead letters due once more: those of these sinks whose event is of the period, `from` included, `to` not. One row per event.
 * The first of an order goes first, because `selectDueRetries` takes no later one.
 */
export function requestReplays({ sinks, from, to }: DeadFilter): Statement {
  return {
    name: "replay dead events",
    text: `WITH due AS (
             UPDATE letters l SET status = 'WAITING', attempts = 0, next_attempt_at = now(), last_error = NULL, replay = gen_random_uuid()
             FROM ${EVENTS} e
             WHERE e.order_id = l.order_id AND e.seq = l.seq AND l.sink = ANY($1::text[]) AND l.status = 'DEAD'
               AND ($2::timestamptz IS NULL OR e.created_at >= $2) AND ($3::timestamptz IS NULL OR e.created_at < $3)
             RETURNING l.order_id, l.seq)
           SELECT count(DISTINCT (order_id, seq))::int AS replayed FROM due`,
    values: [textArray(sinks, (name) => name), from, to],
  };
}
