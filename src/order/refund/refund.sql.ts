import { arrayOf, columns, type Statement } from "../../database/statement.ts";
import type { ReceiveAccount } from "../../gateway/gateway.ts";
import type { Change, Table } from "../../till/table.ts";

/** A refund to a card, in progress or, if the gateway's dashboard has made it, completed at once. `units` by variant, instants in ms, `amount` in minor units. */
export type RefundRow = {
  id: string;
  orderId: string;
  paymentId: string;
  paymentKey: string;
  status: "PENDING" | "COMPLETED" | "FAILED";
  amount: number;
  /** The part of `amount` that is exempt from value-added tax. Null in a row of an earlier version. */
  taxFreeAmount: number | null;
  units: [variantId: string, quantity: number][];
  /** False: the units are written off. */
  restock: boolean;
  /** The return whose units are refunded, if there is one. */
  returnId: string | null;
  reason: string;
  customerReason: string | null;
  /** The reason why the outcome is unknown, or why the gateway refused. */
  failure: string | null;
  createdAt: number;
  settledAt: number | null;
  askAt: number | null;
  asked: number;
  keyNumber: number;
  /** The account that gets a deposit back, while the refund is in progress. */
  receiveAccount?: ReceiveAccount | null | undefined;
};

const REFUND = `id, order_id AS "orderId", payment_id AS "paymentId", payment_key AS "paymentKey", status, amount, pieces AS units, coalesce(restock, true) AS restock, return_id AS "returnId", reason, customer_reason AS "customerReason", failure,
  created_at AS "createdAt", settled_at AS "settledAt", ask_at AS "askAt", asked, key_number AS "keyNumber", receive_account AS "receiveAccount", tax_free_amount AS "taxFreeAmount"`;

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

const STARTED = columns({
  id: "uuid",
  order_id: "uuid",
  payment_id: "uuid",
  payment_key: "text",
  status: "text",
  amount: "bigint",
  pieces: "jsonb",
  restock: "boolean",
  return_id: "uuid",
  reason: "text",
  customer_reason: "text",
  created_at: "timestamptz",
  settled_at: "timestamptz",
  ask_at: "timestamptz",
  receive_account: "jsonb",
  tax_free_amount: "bigint",
});
const CHANGED = columns({
  id: "uuid",
  status: "text",
  amount: "bigint",
  pieces: "jsonb",
  failure: "text",
  settled_at: "timestamptz",
  ask_at: "timestamptz",
  asked: "int",
  key_number: "int",
});

function rowsOf(changes: Change<RefundRow>[]) {
  return changes.map(({ after }) => ({ ...after, pieces: after.units, receiveAccount: after.receiveAccount ?? null }));
}

function insertRefunds(changes: Change<RefundRow>[]): Statement {
  return {
    name: "insert refunds",
    text: `INSERT INTO refunds (${STARTED.names}) SELECT * FROM ${STARTED.unnest}`,
    values: STARTED.arrays(rowsOf(changes)),
  };
}

/** A refund that the gateway refused may still be completed: a person has sent the money back. */
function updateRefunds(changes: Change<RefundRow>[]): Statement {
  return {
    name: "update refunds",
    text: `UPDATE refunds r SET status = v.status, receive_account = CASE WHEN v.status = 'PENDING' THEN r.receive_account END, amount = v.amount, pieces = v.pieces, failure = v.failure, settled_at = v.settled_at, ask_at = v.ask_at,
             asked = v.asked, key_number = v.key_number
           FROM ${CHANGED.unnest} v(${CHANGED.names}) WHERE r.id = v.id AND r.status <> 'COMPLETED'`,
    values: CHANGED.arrays(rowsOf(changes)),
    rows: changes.length,
  };
}

export function selectRefund(id: string): Statement {
  return { name: "select refund", text: `SELECT ${REFUND} FROM refunds WHERE id = $1`, values: [id] };
}
