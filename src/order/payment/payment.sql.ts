import { arrayOf, columns, LAST_ID, type Statement } from "../../database/statement.ts";
import { parseEventId } from "../../ids.ts";
import type { Change, Table } from "../../till/table.ts";
import type { CardDetails, PaymentRecord, PaymentRow } from "./payment.ts";

/** How many of a payment's newest steps are shown, alone and in a list of payments. */
export const STEPS_SHOWN = 1000;
export const STEPS_IN_LIST = 10;

const GATEWAY = `p.id, p.order_id AS "orderId", p.method, p.status, p.amount, p.created_at AS "createdAt", p.paid_at AS "paidAt", p.payment_key, p.gateway_order_id,
  p.ask_at, p.asked, p.key_number, p.details, coalesce(p.closing, false) AS closing`;

/** A payment from a row with the columns above and its steps. */
function paymentOf(row: Record<string, unknown>): PaymentRow {
  const { id, orderId, method, status, amount, steps, createdAt, paidAt } = row as PaymentRow;
  const paymentKey = row["payment_key"] as string | null;
  return {
    id,
    orderId,
    method,
    status,
    amount,
    steps,
    createdAt,
    paidAt,
    card: paymentKey === null ? null : cardOf(paymentKey, orderId, row),
  };
}

function cardOf(paymentKey: string, orderId: string, row: Record<string, unknown>): CardDetails {
  return {
    paymentKey,
    gatewayOrderId: (row["gateway_order_id"] as string | null) ?? orderId,
    askAt: row["ask_at"] as number | null,
    asked: row["asked"] as number,
    keyNumber: row["key_number"] as number,
    details: row["details"] as CardDetails["details"],
    closing: row["closing"] as boolean,
  };
}

/**
 * The settled or open payment of an order at the gateway, by order id. Failed attempts are not loaded. Commands look it up with
 * `livePayment`. A payment from the balance is part of its order.
 */
export const payments: Table<PaymentRow> = {
  name: "payments",
  load: (orderIds) => ({
    name: "lock payments",
    text: `SELECT ${GATEWAY}, p.steps FROM payments p WHERE p.order_id = ANY($1::uuid[]) AND p.status <> 'FAILED' AND p.method <> 'BALANCE'
           ORDER BY p.id FOR NO KEY UPDATE`,
    values: [arrayOf(orderIds, (id) => id)],
  }),
  read: (row) => [row["orderId"] as string, paymentOf(row)],
  save(changes) {
    const inserted = changes.filter((change) => change.before === undefined);
    const updated = changes.filter((change) => change.before !== undefined);
    return [...(inserted.length > 0 ? [insertPayments(inserted)] : []), ...(updated.length > 0 ? [updatePayments(updated)] : [])];
  },
};

/**
 * The payment keys of an order's failed attempts, guarded by the order's lock. None of them is tried again, so money that arrives late
 * for one of them is always an unmatched capture, however the order is paid.
 */
export const failedKeys: Table<string[]> = {
  name: "failed payments",
  load: (orderIds) => ({
    name: "read failed payments",
    text: "SELECT order_id, json_agg(payment_key) AS keys FROM payments WHERE order_id = ANY($1::uuid[]) AND status = 'FAILED' GROUP BY order_id",
    values: [arrayOf(orderIds, (id) => id)],
  }),
  read: (row) => [row["order_id"] as string, row["keys"] as string[]],
  save: () => [],
};

const INSERTED = columns({
  id: "uuid",
  order_id: "uuid",
  method: "text",
  status: "text",
  amount: "bigint",
  steps: "jsonb",
  created_at: "timestamptz",
  paid_at: "timestamptz",
  payment_key: "text",
  gateway_order_id: "text",
  ask_at: "timestamptz",
});

function insertPayments(changes: Change<PaymentRow>[]): Statement {
  return {
    name: "insert payments",
    text: `INSERT INTO payments (${INSERTED.names}) SELECT * FROM ${INSERTED.unnest}`,
    values: INSERTED.arrays(changes.map(({ after }) => ({ ...after, ...attemptOf(after) }))),
  };
}

const UPDATED = columns({
  id: "uuid",
  status: "text",
  steps: "jsonb",
  paid_at: "timestamptz",
  ask_at: "timestamptz",
  asked: "int",
  key_number: "int",
  details: "jsonb",
  closing: "boolean",
});

function updatePayments(changes: Change<PaymentRow>[]): Statement {
  return {
    name: "update payments",
    text: `UPDATE payments p SET status = v.status, steps = v.steps, paid_at = v.paid_at, ask_at = v.ask_at, asked = v.asked, key_number = v.key_number,
             details = v.details, closing = v.closing
           FROM ${UPDATED.unnest} v(${UPDATED.names}) WHERE p.id = v.id`,
    values: UPDATED.arrays(changes.map(({ after }) => ({ ...after, ...attemptOf(after) }))),
    rows: changes.length,
  };
}

/** Null and 0 for a payment without a price, for which the gateway is not asked. */
function attemptOf({ card }: PaymentRow): { [Name in keyof CardDetails]-?: CardDetails[Name] | null } {
  return card
    ? { ...card, closing: card.closing ?? false }
    : { paymentKey: null, gatewayOrderId: null, askAt: null, asked: 0, keyNumber: 0, details: null, closing: null };
}

const INSTANT = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
/** The refunds of order `o`: the steps of its payment from the balance after the first. */
const REFUNDS = "order_events e WHERE e.order_id = o.id AND e.type IN ('order.refunded', 'order.partially-refunded')";

/** The newest steps of a payment from the balance. It has many if its order was refunded unit by unit. */
const balanceSteps = (paidAt: string, most: number): string => `(SELECT jsonb_agg(step ORDER BY seq) FROM (
  SELECT e.seq, jsonb_build_object('status', CASE e.type WHEN 'order.refunded' THEN 'REFUNDED' ELSE 'PARTIALLY_REFUNDED' END,
      'at', to_char(e.created_at, ${INSTANT}), 'reason', e.data -> 'reason') || jsonb_strip_nulls(jsonb_build_object('customerReason', e.data -> 'customerReason')) AS step
  FROM ${REFUNDS}
  UNION ALL SELECT 1, jsonb_build_object('status', 'COMPLETED', 'at', to_char(${paidAt}, ${INSTANT}), 'reason', NULL)
  ORDER BY seq DESC LIMIT ${most}) newest)`;
const BALANCE_STEP_COUNT = `(SELECT 1 + count(*) FROM ${REFUNDS})::int`;

/** A payment at the gateway, or from the balance of an order that was not moved. */
const PAYMENT_AT_GATEWAY = (most: number): string => `${GATEWAY}, o.user_id AS "userId", o.expires_at AS "expiresAt",
    CASE WHEN p.method = 'BALANCE' THEN ${balanceSteps("p.paid_at", most)} ELSE (SELECT jsonb_agg(step ORDER BY place) FROM (
      SELECT step, place FROM jsonb_array_elements(p.steps) WITH ORDINALITY s(step, place) ORDER BY place DESC LIMIT ${most}) newest) END AS steps,
    CASE WHEN p.method = 'BALANCE' THEN ${BALANCE_STEP_COUNT} ELSE coalesce(jsonb_array_length(p.steps), 1) END AS "stepCount"
  FROM payments p JOIN orders o ON o.id = p.order_id`;

/** A payment from the balance, with the columns of `PAYMENT_AT_GATEWAY`. */
const PAYMENT_FROM_BALANCE = (
  most: number,
): string => `coalesce(o.payment_id, balance_payment_id(o.id)) AS id, o.id AS "orderId", 'BALANCE' AS method, o.status, o.total_amount - o.discount_amount AS amount,
    o.paid_at AS "createdAt", o.paid_at AS "paidAt", NULL::text AS payment_key,
    NULL::text AS gateway_order_id, NULL::timestamptz AS ask_at, 0 AS asked, 0 AS key_number, NULL::jsonb AS details, false AS closing, o.user_id AS "userId", o.expires_at AS "expiresAt",
    ${balanceSteps("o.paid_at", most)} AS steps, ${BALANCE_STEP_COUNT} AS "stepCount"
  FROM orders o`;

/** A payment with its newest steps, its owner and its order's expiry. Read the row with `paymentRecordOf`. */
export function selectPayment(id: string): Statement {
  return {
    name: "select payment",
    text: `SELECT ${PAYMENT_AT_GATEWAY(STEPS_SHOWN)} WHERE p.id = $1
           UNION ALL SELECT ${PAYMENT_FROM_BALANCE(STEPS_SHOWN)} WHERE o.paid_at IS NOT NULL AND o.payment_id = $1
           UNION ALL SELECT ${PAYMENT_FROM_BALANCE(STEPS_SHOWN)} WHERE o.paid_at IS NOT NULL AND o.payment_id IS NULL AND o.id = $2 AND balance_payment_id(o.id) = $1`,
    values: [id, parseEventId(id).orderId],
  };
}

/** A payment from a row of `selectPayment` or `selectPaymentPage`. */
export function paymentRecordOf(row: Record<string, unknown>): PaymentRecord {
  return { ...paymentOf(row), userId: row["userId"] as string, expiresAt: row["expiresAt"] as number | null, stepCount: row["stepCount"] as number };
}

type PaymentFilter = { status: string | null; method: string | null };

/** Payments before this id, newest first, each with its newest steps and its unmatched capture, if there is one. */
export function selectPaymentPage({ status, method }: PaymentFilter, before: string | null, limit: number): Statement {
  const steps = STEPS_IN_LIST;
  const newest = (from: string, id: string, index: string): string =>
    `(SELECT ${from} WHERE ${id} < $1::uuid AND ${index} < $1::uuid ORDER BY ${index} DESC LIMIT $4)`;
  const paid = "o.paid_at IS NOT NULL AND ($2::text IS NULL OR o.status = $2) AND ($3::text IS NULL OR $3 = 'BALANCE') AND";
  const pages = [
    newest(PAYMENT_AT_GATEWAY(steps), "($2::text IS NULL OR p.status = $2) AND ($3::text IS NULL OR p.method = $3) AND p.id", "p.id"),
    newest(PAYMENT_FROM_BALANCE(steps), `${paid} o.payment_id IS NULL AND balance_payment_id(o.id)`, "o.id"),
    newest(PAYMENT_FROM_BALANCE(steps), `${paid} o.payment_id`, "o.payment_id"),
  ];
  return {
    name: "select payment page",
    text: `SELECT p.*, s.amount AS "strayAmount", s.status AS "strayStatus" FROM (${pages.join(" UNION ALL ")} ORDER BY id DESC LIMIT $4) p
           LEFT JOIN stray_money s ON s.id = p.id ORDER BY p.id DESC`,
    values: [before ?? LAST_ID, status, method, limit],
  };
}
