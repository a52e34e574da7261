import { timestampArray, LAST_ID, arrayOf, textArray, type Statement } from "../../database/statement.ts";
import type { Change, Table } from "../../till/table.ts";
import type { CardDetails, PaymentRecord, PaymentRow } from "./payment.ts";

/** How many of a payment's newest steps are shown, alone and in a list of payments. */
export const STEPS_SHOWN = 1000;
export const STEPS_IN_LIST = 10;

const PAYMENT = columns("p.steps");
/** The newest steps and the count of all. A payment has many if its order was refunded unit by unit. */
const shown = (steps: number): string =>
  `${columns(`(SELECT jsonb_agg(step ORDER BY place) FROM (
     SELECT step, place FROM jsonb_array_elements(p.steps) WITH ORDINALITY s(step, place) ORDER BY place DESC LIMIT ${steps}) newest) AS steps`)},
   coalesce(jsonb_array_length(p.steps), 1) AS "stepCount", o.user_id AS "userId", o.expires_at AS "expiresAt"`;

function columns(steps: string): string {
  return `p.id, p.order_id AS "orderId", p.method, p.status, p.amount, ${steps}, p.created_at AS "createdAt", p.paid_at AS "paidAt", p.payment_key, p.gateway_order_id, p.ask_at, p.asked, p.key_number`;
}

/** A payment from a row with the columns above. */
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
  };
}

/** The settled or open payment of an order, by order id. Failed attempts are not loaded. Commands look it up with `livePayment`. */
export const payments: Table<PaymentRow> = {
  name: "payments",
  load: (orderIds) => ({
    name: "lock payments",
    text: `SELECT ${PAYMENT} FROM payments p WHERE p.order_id = ANY($1::uuid[]) AND p.status <> 'FAILED' ORDER BY p.id FOR NO KEY UPDATE`,
    values: [arrayOf(orderIds, (id) => id)],
  }),
  read: (row) => [row["orderId"] as string, paymentOf(row)],
  save(changes) {
    const inserted = changes.filter((change) => change.before === undefined);
    const byCard = inserted.filter((change) => change.after.card !== null);
    const fromBalance = inserted.filter((change) => change.after.card === null);
    const updated = changes.filter((change) => change.before !== undefined);
    return [
      ...(fromBalance.length > 0 ? [insertPayments(fromBalance)] : []),
      ...(byCard.length > 0 ? [insertCardPayments(byCard)] : []),
      ...(updated.length > 0 ? [updatePayments(updated)] : []),
    ];
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

function insertPayments(changes: Change<PaymentRow>[]): Statement {
  return {
    name: "insert payments",
    text: `INSERT INTO payments (id, order_id, method, status, amount, steps, created_at, paid_at)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::jsonb[], $7::timestamptz[], $8::timestamptz[])`,
    values: valuesOf(changes),
  };
}

function insertCardPayments(changes: Change<PaymentRow>[]): Statement {
  return {
    name: "insert card payments",
    text: `INSERT INTO payments (id, order_id, method, status, amount, steps, created_at, paid_at, payment_key, ask_at, gateway_order_id)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::jsonb[], $7::timestamptz[], $8::timestamptz[], $9::text[], $10::timestamptz[], $11::text[])`,
    values: [
      ...valuesOf(changes),
      textArray(changes, ({ after }) => after.card?.paymentKey),
      timestampArray(changes, ({ after }) => after.card?.askAt),
      textArray(changes, ({ after }) => after.card?.gatewayOrderId),
    ],
  };
}

function valuesOf(changes: Change<PaymentRow>[]): string[] {
  return [
    arrayOf(changes, ({ after }) => after.id),
    arrayOf(changes, ({ key }) => key),
    arrayOf(changes, ({ after }) => after.method),
    arrayOf(changes, ({ after }) => after.status),
    arrayOf(changes, ({ after }) => after.amount),
    textArray(changes, ({ after }) => (after.steps === null ? null : JSON.stringify(after.steps))),
    timestampArray(changes, ({ after }) => after.createdAt),
    timestampArray(changes, ({ after }) => after.paidAt),
  ];
}

function updatePayments(changes: Change<PaymentRow>[]): Statement {
  return {
    name: "update payments",
    text: `UPDATE payments p SET status = v.status, steps = v.steps, paid_at = v.paid_at, ask_at = v.ask_at, asked = v.asked, key_number = v.key_number
           FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::timestamptz[], $6::int[], $7::int[]) v(id, status, steps, paid_at, ask_at, asked, key_number) WHERE p.id = v.id`,
    values: [
      arrayOf(changes, ({ after }) => after.id),
      arrayOf(changes, ({ after }) => after.status),
      textArray(changes, ({ after }) => (after.steps === null ? null : JSON.stringify(after.steps))),
      timestampArray(changes, ({ after }) => after.paidAt),
      timestampArray(changes, ({ after }) => after.card?.askAt),
      arrayOf(changes, ({ after }) => after.card?.asked ?? 0),
      arrayOf(changes, ({ after }) => after.card?.keyNumber ?? 0),
    ],
    rows: changes.length,
  };
}

/** A payment with its newest steps, its owner and its order's expiry. Read the row with `paymentRecordOf`. */
export function selectPayment(id: string): Statement {
  return {
    name: "select payment",
    text: `SELECT ${shown(STEPS_SHOWN)} FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.id = $1`,
    values: [id],
  };
}

/** A payment from a row of `selectPayment` or `selectPaymentPage`. */
export function paymentRecordOf(row: Record<string, unknown>): PaymentRecord {
  return { ...paymentOf(row), userId: row["userId"] as string, expiresAt: row["expiresAt"] as number | null, stepCount: row["stepCount"] as number };
}

type PaymentFilter = { status: string | null; method: string | null };

/** Payments before this id, newest first, each with its newest steps and its unmatched capture, if there is one. */
export function selectPaymentPage({ status, method }: PaymentFilter, before: string | null, limit: number): Statement {
  return {
    name: "select payment page",
    text: `SELECT ${shown(STEPS_IN_LIST)}, s.amount AS "strayAmount", s.status AS "strayStatus"
           FROM payments p JOIN orders o ON o.id = p.order_id LEFT JOIN stray_money s ON s.id = p.id
           WHERE p.id < $1::uuid AND ($2::text IS NULL OR p.status = $2) AND ($3::text IS NULL OR p.method = $3) ORDER BY p.id DESC LIMIT $4`,
    values: [before ?? LAST_ID, status, method, limit],
  };
}
