import { timestampArray, iso, LAST_ID, arrayOf, textArray, type Statement } from "../../database/statement.ts";
import type { Change, Table } from "../../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../../till/unit-of-work.ts";

export type PaymentMethod = "BALANCE" | "CARD";
export type PaymentStatus = "PENDING" | "UNKNOWN" | "COMPLETED" | "FAILED" | "REFUNDED" | "PARTIALLY_REFUNDED";

/** One thing that happened to a payment. */
export type PaymentStep = { status: PaymentStatus; at: string; reason: string | null; customerReason?: string };

/** `amount` in minor units, instants in ms. */
export type PaymentRow = {
  id: string;
  orderId: string;
  method: PaymentMethod;
  status: PaymentStatus;
  amount: number;
  /** Null as long as nothing happened but that it was paid. */
  steps: PaymentStep[] | null;
  createdAt: number;
  paidAt: number | null;
  /** There for cards only: which payment it is at the gateway, when the gateway is asked next, and how often it was. */
  card: { paymentKey: string; askAt: number | null; asked: number } | null;
};

/** How many steps of a payment are shown, the newest, and how many in a list of payments. */
export const STEPS_SHOWN = 1000;
export const STEPS_IN_LIST = 10;

const PAYMENT = columns("p.steps");
/** An order of many pieces can be refunded piece by piece, so what is read to be shown has only the newest steps, and their count. */
const shown = (steps: number): string =>
  `${columns(`(SELECT jsonb_agg(step ORDER BY place) FROM (
     SELECT step, place FROM jsonb_array_elements(p.steps) WITH ORDINALITY s(step, place) ORDER BY place DESC LIMIT ${steps}) newest) AS steps`)},
   coalesce(jsonb_array_length(p.steps), 1) AS "stepCount", o.user_id AS "userId", o.expires_at AS "expiresAt"`;

function columns(steps: string): string {
  return `p.id, p.order_id AS "orderId", p.method, p.status, p.amount, ${steps}, p.created_at AS "createdAt", p.paid_at AS "paidAt", p.payment_key, p.ask_at, p.asked`;
}

/** A payment from a record of the columns above. */
export function paymentOf(row: Record<string, unknown>): PaymentRow {
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
    card: paymentKey === null ? null : { paymentKey, askAt: row["ask_at"] as number | null, asked: row["asked"] as number },
  };
}

/** The payment of an order that is settled or under way, by order: look it up with `livePayment`. A failed attempt leaves the shelf. */
export const payments: Table<PaymentRow> = {
  name: "payments",
  load: (orderIds) => ({
    name: "lock payments",
    text: `SELECT ${PAYMENT} FROM payments p WHERE p.order_id = ANY($1::uuid[]) AND p.status <> 'FAILED' ORDER BY p.id FOR NO KEY UPDATE`,
    values: [arrayOf(orderIds, (id) => id)],
  }),
  read: (row) => [row["orderId"] as string, paymentOf(row)],
  save(changes) {
    const made = changes.filter((change) => change.before === undefined);
    const byCard = made.filter((change) => change.after.card !== null);
    const fromBalance = made.filter((change) => change.after.card === null);
    const moved = changes.filter((change) => change.before !== undefined);
    return [
      ...(fromBalance.length > 0 ? [insertPayments(fromBalance)] : []),
      ...(byCard.length > 0 ? [insertCardPayments(byCard)] : []),
      ...(moved.length > 0 ? [updatePayments(moved)] : []),
    ];
  },
};

/**
 * The payment of this order that is settled or under way, if there is one. An attempt that failed in this very round is still in its
 * place until that is written: whoever comes behind it in the same round is served in the next.
 */
export function livePayment(uow: UnitOfWork, orderId: string): PaymentRow | undefined {
  const payment = uow.find(payments, orderId);
  if (payment?.status === "FAILED") throw new NeedsChanged();
  return payment;
}

/**
 * The payment keys of an order's failed attempts, guarded by the order's lock. None of them is tried again: money that arrives late for
 * one of them can then only be stray, whatever else the order is paid with.
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

/** The payment with one more step. A payment that has none yet was paid when it was made. */
export function stepped(
  payment: PaymentRow,
  status: PaymentStatus,
  now: number,
  reason: string | null,
  customerReason: string | null = null,
): PaymentRow {
  const steps = payment.steps ?? [{ status: payment.status, at: iso(payment.paidAt ?? payment.createdAt), reason: null }];
  return { ...payment, status, steps: [...steps, { status, at: iso(now), reason, ...(customerReason === null ? {} : { customerReason }) }] };
}

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
    text: `INSERT INTO payments (id, order_id, method, status, amount, steps, created_at, paid_at, payment_key, ask_at)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::jsonb[], $7::timestamptz[], $8::timestamptz[], $9::text[], $10::timestamptz[])`,
    values: [
      ...valuesOf(changes),
      textArray(changes, ({ after }) => after.card?.paymentKey),
      timestampArray(changes, ({ after }) => after.card?.askAt),
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
    text: `UPDATE payments p SET status = v.status, steps = v.steps, paid_at = v.paid_at, ask_at = v.ask_at, asked = v.asked
           FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::timestamptz[], $6::int[]) v(id, status, steps, paid_at, ask_at, asked) WHERE p.id = v.id`,
    values: [
      arrayOf(changes, ({ after }) => after.id),
      arrayOf(changes, ({ after }) => after.status),
      textArray(changes, ({ after }) => (after.steps === null ? null : JSON.stringify(after.steps))),
      timestampArray(changes, ({ after }) => after.paidAt),
      timestampArray(changes, ({ after }) => after.card?.askAt),
      arrayOf(changes, ({ after }) => after.card?.asked ?? 0),
    ],
    rows: changes.length,
  };
}

/** A payment with its newest steps, and whose it is. */
export function selectPayment(id: string): Statement {
  return {
    name: "select payment",
    text: `SELECT ${shown(STEPS_SHOWN)} FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.id = $1`,
    values: [id],
  };
}

export type PaymentRecord = PaymentRow & { userId: string; expiresAt: number | null; stepCount: number };

/** What `selectPayment` gave. */
export function paymentRecordOf(row: Record<string, unknown>): PaymentRecord {
  return { ...paymentOf(row), userId: row["userId"] as string, expiresAt: row["expiresAt"] as number | null, stepCount: row["stepCount"] as number };
}

/** Payments that the gateway is to be asked about by now, longest overdue first. Those whose outcome is not known always count. */
export function selectPaymentsToAsk(now: number, everyUnknown: boolean, limit: number): Statement {
  return {
    name: `select payments to ask${everyUnknown ? " and unknown" : ""}`,
    text: `SELECT id FROM payments WHERE ask_at IS NOT NULL AND (ask_at <= $1::timestamptz${everyUnknown ? " OR status = 'UNKNOWN'" : ""}) ORDER BY ask_at LIMIT $2`,
    values: [iso(now), limit],
  };
}

/** Payments with this key that may still change, or that failed and might have been captured all the same. */
export function selectPaymentsByKey(paymentKey: string): Statement {
  return {
    name: "select payments by key",
    text: "SELECT id FROM payments WHERE payment_key = $1 AND status IN ('PENDING', 'UNKNOWN', 'FAILED') LIMIT 10",
    values: [paymentKey],
  };
}

/** When a failed attempt is looked at again, or never. */
export function updateWatch(id: string, askAt: number | null, asked: number): Statement {
  return {
    name: "update watch",
    text: "UPDATE payments SET ask_at = $2, asked = $3 WHERE id = $1 AND status = 'FAILED'",
    values: [id, askAt === null ? null : iso(askAt), asked],
  };
}

export type PaymentFilter = { status: string | null; method: string | null };

/** Payments before this id, newest first, each with its newest steps. */
export function selectPaymentPage({ status, method }: PaymentFilter, before: string | null, limit: number): Statement {
  return {
    name: "select payment page",
    text: `SELECT ${shown(STEPS_IN_LIST)}, s.amount AS "strayAmount", s.status AS "strayStatus"
           FROM payments p JOIN orders o ON o.id = p.order_id LEFT JOIN stray_money s ON s.id = p.id
           WHERE p.id < $1::uuid AND ($2::text IS NULL OR p.status = $2) AND ($3::text IS NULL OR p.method = $3) ORDER BY p.id DESC LIMIT $4`,
    values: [before ?? LAST_ID, status, method, limit],
  };
}
