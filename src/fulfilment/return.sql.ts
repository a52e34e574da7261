import { arrayOf, columns, LAST_ID, type Statement } from "../database/statement.ts";
import type { Change, Table } from "../till/table.ts";
import type { ReturnRow } from "./return.ts";

const RETURN = `r.id, r.order_id AS "orderId", r.status, r.pieces, r.reason, r.rejection, r.customer_rejection AS "customerRejection", r.restock,
  r.created_at AS "createdAt", r.settled_at AS "settledAt", r.receive_account AS "receiveAccount"`;

const inMs = (column: string): string => `(extract(epoch FROM r.${column}) * 1000)::bigint`;
const RETURN_JSON = `json_build_object('id', r.id, 'orderId', r.order_id, 'status', r.status, 'pieces', r.pieces, 'reason', r.reason, 'rejection', r.rejection,
  'customerRejection', r.customer_rejection, 'restock', r.restock, 'createdAt', ${inMs("created_at")}, 'settledAt', ${inMs("settled_at")}, 'receiveAccount', r.receive_account)`;

/** The returns of each order, oldest first, protected by the order's lock. */
export const returns: Table<ReturnRow[]> = {
  name: "returns",
  load: (orderIds) => ({
    name: "read returns",
    text: `SELECT r.order_id AS "orderId", json_agg(${RETURN_JSON} ORDER BY r.id) AS rows FROM returns r WHERE r.order_id = ANY($1::uuid[]) GROUP BY r.order_id`,
    values: [arrayOf(orderIds, (id) => id)],
  }),
  read: (row) => [row["orderId"] as string, row["rows"] as ReturnRow[]],
  save(changes) {
    const requested = changes.flatMap(({ before = [], after }) => after.slice(before.length));
    const settled = changes.flatMap(settledRows);
    return [...(requested.length > 0 ? [insertReturns(requested)] : []), ...(settled.length > 0 ? [updateReturns(settled)] : [])];
  },
};

/** Returns are never deleted, so a row keeps its place. */
function settledRows({ before = [], after }: Change<ReturnRow[]>): ReturnRow[] {
  return after.filter((row, i) => i < before.length && before[i] !== row);
}

const REQUESTED = columns({
  id: "uuid",
  order_id: "uuid",
  status: "text",
  pieces: "jsonb",
  reason: "text",
  created_at: "timestamptz",
  receive_account: "jsonb",
});

function insertReturns(rows: ReturnRow[]): Statement {
  return {
    name: "insert returns",
    text: `INSERT INTO returns (${REQUESTED.names}) SELECT * FROM ${REQUESTED.unnest}`,
    values: REQUESTED.arrays(rows),
  };
}

const SETTLED = columns({
  id: "uuid",
  status: "text",
  rejection: "text",
  customer_rejection: "text",
  restock: "boolean",
  settled_at: "timestamptz",
});

function updateReturns(rows: ReturnRow[]): Statement {
  return {
    name: "update returns",
    text: `UPDATE returns r SET status = v.status, rejection = v.rejection, customer_rejection = v.customer_rejection, restock = v.restock,
             settled_at = v.settled_at, receive_account = NULL FROM ${SETTLED.unnest} v(${SETTLED.names}) WHERE r.id = v.id AND r.status = 'REQUESTED'`,
    values: SETTLED.arrays(rows),
    rows: rows.length,
  };
}

export function selectReturn(id: string): Statement {
  return { name: "select return", text: `SELECT ${RETURN} FROM returns r WHERE r.id = $1`, values: [id] };
}

/** An order's returns before this id, newest first. @param before null for the first page */
export function selectReturnsOfOrder(orderId: string, before: string | null, limit: number): Statement {
  return {
    name: "select returns of order",
    text: `SELECT ${RETURN} FROM returns r WHERE r.order_id = $1 AND r.id < $2::uuid ORDER BY r.id DESC LIMIT $3`,
    values: [orderId, before ?? LAST_ID, limit],
  };
}

/** Returns before this id, newest first. @param before null for the first page */
export function selectReturnPage(status: string | null, before: string | null, limit: number): Statement {
  const filter = status === null ? "" : "AND r.status = $3";
  return {
    name: status === null ? "select return page" : "select return page by status",
    text: `SELECT ${RETURN} FROM returns r WHERE r.id < $1::uuid ${filter} ORDER BY r.id DESC LIMIT $2`,
    values: [before ?? LAST_ID, limit, ...(status === null ? [] : [status])],
  };
}
