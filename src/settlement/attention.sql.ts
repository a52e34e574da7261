// Money in doubt: the rows of every kind of attempt that only a person can finish.

import { arrayOf, columns, LAST_ID, type Statement } from "../database/statement.ts";
import type { Journal, Table } from "../till/table.ts";
import { WATCHED_MS } from "./attempts.sql.ts";
import { DEPOSIT_REVERSED } from "./gateway-cancels.sql.ts";
import { CURRENCY_MISMATCH, UNRECOGNIZED_ANSWER } from "./outcome.ts";

export const ATTENTION_KINDS = ["PAYMENT", "CHARGE", "REFUND", "UNMATCHED_CAPTURE", "GATEWAY_CANCEL", "DEPOSIT_REVERSED"] as const;
export type AttentionKind = (typeof ATTENTION_KINDS)[number];

/** One thing in doubt. `id` is the attempt's; `paymentId` the payment's or the charge's. `amount` in minor units, `createdAt` in ms. */
export type Attention = {
  id: string;
  kind: AttentionKind;
  status: string;
  paymentId: string;
  orderId: string | null;
  userId: string;
  paymentKey: string;
  amount: number;
  reason: string | null;
  createdAt: number;
};

/** Reasons for which waiting does not help. */
const FOR_A_PERSON = `('${UNRECOGNIZED_ANSWER}', '${CURRENCY_MISMATCH}')`;
const OLD = "now() - $1::float8 * interval '1 ms'";
const WATCHED_FOR_LONG = `now() - ($1::float8 + ${WATCHED_MS}) * interval '1 ms'`;

/**
 * Attempts whose outcome is unknown for longer than `PAYMENT_GIVE_UP_AFTER_MS`, or that waiting does not settle; deposits that are overdue as long, and
 * accounts that the gateway does not close; failed attempts that the
 * gateway cannot be asked about; refunds that it refuses, unless the same units were refunded since, and unmatched captures that it refuses; money that went back without the shop. Each part uses
 * a partial index.
 */
const ATTENTION = `
  SELECT p.id, 'PAYMENT' AS kind, p.status, p.id AS "paymentId", p.order_id AS "orderId", o.user_id AS "userId", p.payment_key AS "paymentKey", p.amount,
    p.steps -> -1 ->> 'reason' AS reason, p.created_at AS "createdAt"
  FROM payments p JOIN orders o ON o.id = p.order_id
  WHERE p.ask_at IS NOT NULL AND (p.status IN ('PENDING', 'UNKNOWN') AND (p.created_at < ${OLD} OR p.steps -> -1 ->> 'reason' IN ${FOR_A_PERSON})
    OR p.status = 'FAILED' AND p.created_at < ${WATCHED_FOR_LONG}
    OR p.status = 'WAITING_FOR_DEPOSIT' AND ((p.details -> 'deposit' ->> 'dueAt')::timestamptz < ${OLD} OR p.closing AND p.asked > 0 AND p.created_at < ${OLD}))
  UNION ALL
  SELECT c.id, 'CHARGE', c.status, c.id, NULL, c.user_id, c.payment_key, c.amount, c.reason, c.created_at
  FROM card_charges c
  WHERE c.ask_at IS NOT NULL AND (c.status = 'PENDING' AND (c.created_at < ${OLD} OR c.reason IN ${FOR_A_PERSON})
    OR c.status = 'FAILED' AND c.created_at < ${WATCHED_FOR_LONG})
  UNION ALL
  SELECT r.id, 'REFUND', r.status, r.payment_id, r.order_id, o.user_id, r.payment_key, r.amount, r.failure, r.created_at
  FROM refunds r JOIN orders o ON o.id = r.order_id
  WHERE r.ask_at IS NOT NULL AND r.status = 'PENDING' AND (r.created_at < ${OLD} OR r.failure IN ${FOR_A_PERSON})
  UNION ALL
  SELECT r.id, 'REFUND', r.status, r.payment_id, r.order_id, o.user_id, r.payment_key, r.amount, r.failure, r.created_at
  FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.status = 'FAILED' AND r.resolved_at IS NULL AND o.status <> 'REFUNDED'
    AND NOT EXISTS (SELECT FROM refunds later WHERE later.order_id = r.order_id AND later.id > r.id AND later.status = 'COMPLETED'
      AND later.pieces = r.pieces AND later.return_id IS NOT DISTINCT FROM r.return_id)
  UNION ALL
  SELECT s.id, 'UNMATCHED_CAPTURE', s.status, s.id, p.order_id, coalesce(o.user_id, c.user_id), s.payment_key, s.amount, coalesce(s.failure, s.reason), s.created_at
  FROM (SELECT * FROM stray_money WHERE status = 'REFUSED' UNION ALL SELECT * FROM stray_money WHERE ask_at IS NOT NULL AND status = 'PENDING' AND asked > 0) s
    LEFT JOIN payments p ON p.id = s.id LEFT JOIN orders o ON o.id = p.order_id LEFT JOIN card_charges c ON c.id = s.id
  UNION ALL
  SELECT g.id, 'GATEWAY_CANCEL', coalesce(p.status, c.status), g.id, p.order_id, coalesce(o.user_id, c.user_id), g.payment_key, g.amount - g.accepted,
    'CANCELED_AT_GATEWAY', g.created_at
  FROM gateway_cancels g LEFT JOIN payments p ON p.id = g.id LEFT JOIN orders o ON o.id = p.order_id LEFT JOIN card_charges c ON c.id = g.id
  WHERE g.accepted < g.amount AND g.reason IS NULL AND coalesce(p.status, c.status) <> 'REFUNDED'
  UNION ALL
  SELECT g.id, '${DEPOSIT_REVERSED}', p.status, g.id, p.order_id, o.user_id, g.payment_key, g.amount, g.reason, g.created_at
  FROM gateway_cancels g JOIN payments p ON p.id = g.id JOIN orders o ON o.id = p.order_id
  WHERE g.accepted < g.amount AND g.reason = '${DEPOSIT_REVERSED}' AND g.resolved_at IS NULL AND p.status <> 'REFUNDED'`;

/** Things in doubt before this id, newest first. @param giveUpAfterMs `PAYMENT_GIVE_UP_AFTER_MS` */
export function selectAttention(giveUpAfterMs: number, before: string | null, limit: number): Statement {
  return {
    name: "select attention",
    text: `SELECT * FROM (${ATTENTION}) a WHERE id < $2::uuid ORDER BY id DESC LIMIT $3`,
    values: [giveUpAfterMs, before ?? LAST_ID, limit],
  };
}

export function selectAttentionById(giveUpAfterMs: number, id: string): Statement {
  return { name: "select attention by id", text: `SELECT * FROM (${ATTENTION}) a WHERE id = $2::uuid`, values: [giveUpAfterMs, id] };
}

/**
 * Things in doubt by `doubtKey`, read under the lock of their order or, of a charge, of their user. A thing that an operator has decided in
 * this round has the status RESOLVED.
 */
export const doubts: Table<Pick<Attention, "kind" | "status">> = {
  name: "money in doubt",
  load: (keys) => ({
    name: "read money in doubt",
    text: `SELECT id, kind, status, $1::float8 AS "giveUpAfterMs" FROM (${ATTENTION}) a WHERE id = ANY($2::uuid[])`,
    // The setting is the same for every command of an instance.
    values: [Number(keys[0]?.slice(37)), arrayOf(keys, (key) => key.slice(0, 36))],
  }),
  read: (row) => [doubtKey(row["id"] as string, row["giveUpAfterMs"] as number), row as Attention],
  save: () => [], // `RESOLUTIONS` and the tables of the attempts write them.
};

/** @param giveUpAfterMs `PAYMENT_GIVE_UP_AFTER_MS` */
export function doubtKey(id: string, giveUpAfterMs: number): string {
  return `${id.toLowerCase()}:${giveUpAfterMs}`;
}

/** The count, up to `limit`. */
export function countAttention(giveUpAfterMs: number, limit: number): Statement {
  return {
    name: "count attention",
    text: `SELECT count(*)::int AS count FROM (SELECT FROM (${ATTENTION}) a LIMIT $2) counted`,
    values: [giveUpAfterMs, limit],
  };
}

export type Resolution = { id: string; reason: string };
const RESOLVED = columns({ id: "uuid", reason: "text" });

function resolution(name: string, update: string): Journal<Resolution> {
  return {
    name,
    append: (rows) => ({ name, text: `${update} FROM ${RESOLVED.unnest} v(${RESOLVED.names}) WHERE r.id = v.id`, values: RESOLVED.arrays(rows) }),
  };
}

/** Closes a thing in doubt for good, in the transaction of the operator's word. */
export const RESOLUTIONS: Record<AttentionKind, Journal<Resolution>> = {
  PAYMENT: resolution("resolve failed payments", "UPDATE payments r SET ask_at = NULL"),
  CHARGE: resolution("resolve failed charges", "UPDATE card_charges r SET ask_at = NULL"),
  REFUND: resolution("resolve refused refunds", "UPDATE refunds r SET resolved_at = now(), failure = v.reason"),
  UNMATCHED_CAPTURE: resolution(
    "resolve unmatched captures",
    "UPDATE stray_money r SET status = 'RETURNED', failure = v.reason, settled_at = now(), ask_at = NULL",
  ),
  DEPOSIT_REVERSED: resolution("resolve reversed deposits", "UPDATE gateway_cancels r SET resolution = v.reason, resolved_at = now()"),
  GATEWAY_CANCEL: resolution(
    "accept gateway cancels",
    "UPDATE gateway_cancels r SET accepted = r.amount, resolution = v.reason, resolved_at = now()",
  ),
};
