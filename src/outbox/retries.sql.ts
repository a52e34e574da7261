// Letters: events that a sink refused one by one, and the later events of their orders, which wait behind them.

import { arrayOf, textArray, type Statement } from "../database/statement.ts";
import type { OutboxEvent } from "./envelope.ts";
import { OF_NO_REHEARSAL } from "./outbox.sql.ts";

export type RetryKey = { orderId: string; seq: number };

/** A letter to be written: refused (tried once, and due again after a pause), or parked behind another. */
export type NewRetry = RetryKey & { refusal: { reason: string; pauseMs: number } | null };

/** `replay` is the id of the replay that an operator asked for. */
export type DueRetry = OutboxEvent & { attempts: number; replay: string | null };

/** What became of a letter that was tried; `refusal` null is delivered, `pauseMs` null is dead. */
export type TriedRetry = RetryKey & { refusal: { reason: string; pauseMs: number | null } | null };

/** Which of these orders have a letter that still waits. */
export function selectBlockedOrders(sink: string, orderIds: string[]): Statement {
  return {
    name: "select blocked orders",
    text: `SELECT DISTINCT order_id AS "orderId" FROM letters WHERE sink = $1 AND order_id = ANY($2::uuid[]) AND status = 'WAITING'`,
    values: [sink, arrayOf(orderIds, (id) => id)],
  };
}

/** The first waiting letter of each order, where it is due: one per order, so that none overtakes another. */
export function selectDueRetries(sink: string, limit: number): Statement {
  return {
    name: "select due letters",
    text: `SELECT e.order_id AS "orderId", e.seq, e.type, e.data, e.created_at AS at, l.attempts, l.replay
           FROM letters l JOIN order_events e USING (order_id, seq)
           WHERE l.sink = $1 AND l.status = 'WAITING' AND l.next_attempt_at <= now()
             AND NOT EXISTS (SELECT FROM letters p WHERE p.sink = l.sink AND p.order_id = l.order_id AND p.seq < l.seq AND p.status = 'WAITING')
           ORDER BY l.next_attempt_at, l.order_id LIMIT $2`,
    values: [sink, limit],
  };
}

/** A parked letter's time is infinity: it comes when the one before it is settled (`wakeParked`). */
export function insertRetries(sink: string, letters: NewRetry[]): Statement {
  return {
    name: "insert letters",
    text: `INSERT INTO letters (sink, order_id, seq, status, attempts, next_attempt_at, last_error)
           SELECT $1, order_id, seq, 'WAITING', (reason IS NOT NULL)::int, CASE WHEN reason IS NULL THEN 'infinity' ELSE now() + pause * interval '1 ms' END, reason
           FROM unnest($2::uuid[], $3::int[], $4::int[], $5::text[]) v(order_id, seq, pause, reason)
           ON CONFLICT DO NOTHING`,
    values: [
      sink,
      arrayOf(letters, (letter) => letter.orderId),
      arrayOf(letters, (letter) => letter.seq),
      arrayOf(letters, (letter) => letter.refusal?.pauseMs),
      textArray(letters, (letter) => letter.refusal?.reason),
    ],
  };
}

export function updateRetries(sink: string, letters: TriedRetry[]): Statement {
  return {
    name: "update letters",
    text: `UPDATE letters l SET attempts = l.attempts + 1, last_error = v.reason,
             status = CASE WHEN v.reason IS NULL THEN 'DELIVERED' WHEN v.pause IS NULL THEN 'DEAD' ELSE 'WAITING' END,
             delivered_at = CASE WHEN v.reason IS NULL THEN now() END,
             next_attempt_at = now() + coalesce(v.pause, 0) * interval '1 ms'
           FROM unnest($2::uuid[], $3::int[], $4::int[], $5::text[]) v(order_id, seq, pause, reason)
           WHERE l.sink = $1 AND l.order_id = v.order_id AND l.seq = v.seq`,
    values: [
      sink,
      arrayOf(letters, (letter) => letter.orderId),
      arrayOf(letters, (letter) => letter.seq),
      arrayOf(letters, (letter) => letter.refusal?.pauseMs),
      textArray(letters, (letter) => letter.refusal?.reason),
    ],
  };
}

/** What waited behind a letter that was delivered, or is dead, goes on. Which of them is first, `selectDueLetters` decides. */
export function wakeBlocked(sink: string, orderIds: string[]): Statement {
  return {
    name: "wake parked letters",
    text: "UPDATE letters SET next_attempt_at = now() WHERE sink = $1 AND order_id = ANY($2::uuid[]) AND status = 'WAITING' AND next_attempt_at = 'infinity'",
    values: [sink, arrayOf(orderIds, (id) => id)],
  };
}

/** An event that these sinks have had, or gave up, waits once more; one whose turn has not come is left where it is. */
export function requestReplay(sinks: string[], { orderId, seq }: RetryKey): Statement {
  return {
    name: "replay event",
    text: `INSERT INTO letters (sink, order_id, seq, status, attempts, next_attempt_at, replay)
           SELECT s.name, e.order_id, e.seq, 'WAITING', 0, now(), gen_random_uuid() FROM order_events e JOIN sinks s ON e.xid <= s.position
           WHERE e.order_id = $1 AND e.seq = $2 AND s.name = ANY($3::text[]) AND ${OF_NO_REHEARSAL}
           ON CONFLICT (sink, order_id, seq) DO UPDATE SET status = 'WAITING', attempts = 0, next_attempt_at = now(), delivered_at = NULL, last_error = NULL, replay = excluded.replay`,
    values: [orderId, seq, textArray(sinks, (name) => name)],
  };
}
