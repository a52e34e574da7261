// The backlog of other systems. Each count is bounded and uses an index, so a backlog of millions
// costs no more than one of thousands.

import { textArray, type Statement } from "../database/statement.ts";
import { EVENTS } from "../outbox/outbox.sql.ts";

/** Counts stop here. */
export const COUNTED_MAX = 10_000;
/** The oldest delivery retry is searched among this many that are due first. */
const AGED_MAX = 1000;

/**
 * `waiting` includes `blocked`. Ages in seconds by the database's clock; null if no event waits.
 */
export type SinkBacklog = { sink: string; failures: number; waiting: number; blocked: number; dead: number; oldestSeconds: number | null };

export function selectSinkBacklogs(sinks: string[]): Statement {
  return {
    name: "select sink backlogs",
    text: `SELECT s.name AS sink, s.failures, least(w.n + l.n, ${COUNTED_MAX}) AS waiting, l.n AS blocked, d.n AS dead,
             extract(epoch FROM now() - least(w.oldest, o.oldest))::float8 AS "oldestSeconds"
           FROM sinks s
           CROSS JOIN LATERAL (SELECT count(*) AS n, min(created_at) AS oldest FROM
             (SELECT created_at FROM ${EVENTS} e WHERE xid > s.position ORDER BY xid LIMIT ${COUNTED_MAX}) e) w
           CROSS JOIN LATERAL (SELECT count(*) AS n FROM
             (SELECT FROM letters WHERE sink = s.name AND status = 'WAITING' ORDER BY next_attempt_at LIMIT ${COUNTED_MAX}) e) l
           CROSS JOIN LATERAL (SELECT count(*) AS n FROM
             (SELECT FROM letters WHERE sink = s.name AND status = 'DEAD' LIMIT ${COUNTED_MAX}) e) d
           CROSS JOIN LATERAL (SELECT min((SELECT created_at FROM ${EVENTS} e WHERE e.order_id = a.order_id AND e.seq = a.seq)) AS oldest FROM
             (SELECT order_id, seq FROM letters WHERE sink = s.name AND status = 'WAITING' ORDER BY next_attempt_at LIMIT ${AGED_MAX}) a) o
           WHERE s.name = ANY($1::text[]) ORDER BY s.name`,
    values: [textArray(sinks, (name) => name)],
  };
}

export const DOUBTS = ["payment", "charge", "refund", "unmatched_capture", "unreturned_capture"] as const;
export type DoubtKind = (typeof DOUBTS)[number];
/** Money whose outcome is open, by kind. `oldestSeconds` is null if `count` is 0. */
export type MoneyInDoubt = { kind: DoubtKind; count: number; oldestSeconds: number | null };

/** The rows of each kind whose outcome is open. Each condition matches a partial index. */
const OPEN: Record<DoubtKind, string> = {
  payment: "payments WHERE ask_at IS NOT NULL AND status IN ('PENDING', 'UNKNOWN') ORDER BY ask_at",
  charge: "card_charges WHERE ask_at IS NOT NULL AND status = 'PENDING' ORDER BY ask_at",
  refund: "refunds WHERE ask_at IS NOT NULL AND status = 'PENDING' ORDER BY ask_at",
  // The gateway took money for an attempt that failed in the shop; its refund is not complete.
  unmatched_capture: "stray_money WHERE ask_at IS NOT NULL AND status = 'PENDING' ORDER BY ask_at",
  // The gateway refuses that refund.
  unreturned_capture: "stray_money WHERE status = 'REFUSED'",
};

export const selectMoneyInDoubt: Statement = {
  name: "select money in doubt",
  text: DOUBTS.map(
    (kind) => `SELECT '${kind}' AS kind, count(*) AS count, extract(epoch FROM now() - min(created_at))::float8 AS "oldestSeconds"
      FROM (SELECT created_at FROM ${OPEN[kind]} LIMIT ${COUNTED_MAX}) ${kind}`,
  ).join(" UNION ALL "),
  values: [],
};
