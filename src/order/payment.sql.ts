import { instants, plain, quoted, type Statement } from "../database/statement.ts";
import type { Change, Shelf } from "../till/shelf.ts";

export type PaymentMethod = "BALANCE" | "CARD";
export type PaymentStatus = "PENDING" | "UNKNOWN" | "COMPLETED" | "FAILED" | "REFUNDED" | "PARTIALLY_REFUNDED";

/** One thing that happened to a payment. */
export type PaymentStep = { status: PaymentStatus; at: string; reason: string | null };

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
};

const PAYMENT = `id, order_id AS "orderId", method, status, amount, steps, created_at AS "createdAt", paid_at AS "paidAt"`;

/** The payment of an order that is settled or under way, by order. A failed attempt is not on this shelf. */
export const payments: Shelf<PaymentRow> = {
  name: "payments",
  load: (orderIds) => ({
    name: "lock payments",
    text: `SELECT ${PAYMENT} FROM payments WHERE order_id = ANY($1::uuid[]) AND status <> 'FAILED' ORDER BY id FOR NO KEY UPDATE`,
    values: [plain(orderIds, (id) => id)],
  }),
  read: (row) => [row["orderId"] as string, row as PaymentRow],
  save(changes) {
    const made = changes.filter((change) => change.before === undefined);
    const moved = changes.filter((change) => change.before !== undefined);
    return [...(made.length > 0 ? [insertPayments(made)] : []), ...(moved.length > 0 ? [updatePayments(moved)] : [])];
  },
};

function insertPayments(changes: Change<PaymentRow>[]): Statement {
  return {
    name: "insert payments",
    text: `INSERT INTO payments (id, order_id, method, status, amount, steps, created_at, paid_at)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::jsonb[], $7::timestamptz[], $8::timestamptz[])`,
    values: [
      plain(changes, ({ after }) => after.id),
      plain(changes, ({ key }) => key),
      plain(changes, ({ after }) => after.method),
      plain(changes, ({ after }) => after.status),
      plain(changes, ({ after }) => after.amount),
      quoted(changes, ({ after }) => (after.steps === null ? null : JSON.stringify(after.steps))),
      instants(changes, ({ after }) => after.createdAt),
      instants(changes, ({ after }) => after.paidAt),
    ],
  };
}

function updatePayments(changes: Change<PaymentRow>[]): Statement {
  return {
    name: "update payments",
    text: `UPDATE payments p SET status = v.status, steps = v.steps, paid_at = v.paid_at
           FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::timestamptz[]) v(id, status, steps, paid_at) WHERE p.id = v.id`,
    values: [
      plain(changes, ({ after }) => after.id),
      plain(changes, ({ after }) => after.status),
      quoted(changes, ({ after }) => (after.steps === null ? null : JSON.stringify(after.steps))),
      instants(changes, ({ after }) => after.paidAt),
    ],
    rows: changes.length,
  };
}

/** A payment and whose it is. */
export function selectPayment(id: string): Statement {
  return {
    name: "select payment",
    text: `SELECT p.id, p.order_id AS "orderId", p.method, p.status, p.amount, p.steps, p.created_at AS "createdAt", p.paid_at AS "paidAt", o.user_id AS "userId"
           FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.id = $1`,
    values: [id],
  };
}
