import { timestampArray, arrayOf, textArray, type Statement } from "../../database/statement.ts";
import type { Change, Table } from "../../till/table.ts";

/** A refund to a card. `units` by variant, instants in ms, `amount` in minor units. */
export type RefundRow = {
  id: string;
  orderId: string;
  paymentId: string;
  paymentKey: string;
  status: "PENDING" | "COMPLETED" | "FAILED";
  amount: number;
  units: [variantId: string, quantity: number][];
  reason: string;
  customerReason: string | null;
  /** The reason why the outcome is unknown, or why the gateway refused. */
  failure: string | null;
  createdAt: number;
  settledAt: number | null;
  askAt: number | null;
  asked: number;
};

const REFUND = `id, order_id AS "orderId", payment_id AS "paymentId", payment_key AS "paymentKey", status, amount, pieces AS units, reason, customer_reason AS "customerReason", failure,
  created_at AS "createdAt", settled_at AS "settledAt", ask_at AS "askAt", asked`;

/** The open refund of each order, protected by the order's lock. */
export const refunds: Table<RefundRow> = {
  name: "refunds",
  load: (orderIds) => ({
    name: "read refunds",
    text: `SELECT ${REFUND} FROM refunds WHERE order_id = ANY($1::uuid[]) AND status = 'PENDING'`,
    values: [arrayOf(orderIds, (id) => id)],
  }),
  read: (row) => [row["orderId"] as string, row as RefundRow],
  save(changes) {
    const started = changes.filter((change) => change.before === undefined);
    const changed = changes.filter((change) => change.before !== undefined);
    return [...(started.length > 0 ? [insertRefunds(started)] : []), ...(changed.length > 0 ? [updateRefunds(changed)] : [])];
  },
};

function insertRefunds(changes: Change<RefundRow>[]): Statement {
  return {
    name: "insert refunds",
    text: `INSERT INTO refunds (id, order_id, payment_id, payment_key, status, amount, pieces, reason, customer_reason, created_at, ask_at)
           SELECT id, order_id, payment_id, payment_key, 'PENDING', amount, pieces, reason, customer_reason, created_at, ask_at
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::jsonb[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[])
             v(id, order_id, payment_id, payment_key, amount, pieces, reason, customer_reason, created_at, ask_at)`,
    values: [
      arrayOf(changes, ({ after }) => after.id),
      arrayOf(changes, ({ key }) => key),
      arrayOf(changes, ({ after }) => after.paymentId),
      textArray(changes, ({ after }) => after.paymentKey),
      arrayOf(changes, ({ after }) => after.amount),
      textArray(changes, ({ after }) => JSON.stringify(after.units)),
      textArray(changes, ({ after }) => after.reason),
      textArray(changes, ({ after }) => after.customerReason),
      timestampArray(changes, ({ after }) => after.createdAt),
      timestampArray(changes, ({ after }) => after.askAt),
    ],
  };
}

function updateRefunds(changes: Change<RefundRow>[]): Statement {
  return {
    name: "update refunds",
    text: `UPDATE refunds r SET status = v.status, failure = v.failure, settled_at = v.settled_at, ask_at = v.ask_at, asked = v.asked
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int[]) v(id, status, failure, settled_at, ask_at, asked)
           WHERE r.id = v.id AND r.status = 'PENDING'`,
    values: [
      arrayOf(changes, ({ after }) => after.id),
      arrayOf(changes, ({ after }) => after.status),
      textArray(changes, ({ after }) => after.failure),
      timestampArray(changes, ({ after }) => after.settledAt),
      timestampArray(changes, ({ after }) => after.askAt),
      arrayOf(changes, ({ after }) => after.asked),
    ],
    rows: changes.length,
  };
}

export function selectRefund(id: string): Statement {
  return { name: "select refund", text: `SELECT ${REFUND} FROM refunds WHERE id = $1`, values: [id] };
}
