import { arrayOf, columns, type Statement } from "../database/statement.ts";
import type { Table } from "../till/table.ts";

/**
 * The units that an order bought in a drop. `units` are those that count against the limit: neither cancelled, expired nor refunded. `entry` is
 * the number of the entry whose hold the order took over.
 */
export type Sale = { orderId: string; dropId: string; person: string; entry: number | null; units: number };

const COLUMNS = columns({ order_id: "uuid", drop_id: "uuid", person: "text", entry: "int", units: "int" });
const CHANGED = columns({ order_id: "uuid", drop_id: "uuid", units: "int" });

/** The sales of each order, one per drop, protected by the drops' locks. */
export const sales: Table<Sale[]> = {
  name: "drop sales",
  load: (orderIds) => ({
    name: "read drop sales",
    text: `SELECT order_id AS "orderId", json_agg(${SALE_JSON}) AS sales FROM drop_sales s WHERE order_id = ANY($1::uuid[]) GROUP BY order_id`,
    values: [arrayOf(orderIds, (id) => id)],
  }),
  read: (row) => [row["orderId"] as string, row["sales"] as Sale[]],
  save(changes) {
    const made: Sale[] = [];
    const changed: Sale[] = [];
    for (const { before = [], after } of changes)
      for (const sale of after) {
        const old = before.find(({ dropId }) => dropId === sale.dropId);
        if (!old) made.push(sale);
        else if (old.units !== sale.units) changed.push(sale);
      }
    return [...(made.length > 0 ? [insertSales(made)] : []), ...(changed.length > 0 ? [updateSales(changed)] : [])];
  },
};

/** The row `s` as JSON. */
const SALE_JSON = `json_build_object('orderId', s.order_id, 'dropId', s.drop_id, 'person', s.person, 'entry', s.entry, 'units', s.units)`;

function insertSales(made: Sale[]): Statement {
  return {
    name: "insert drop sales",
    text: `INSERT INTO drop_sales (${COLUMNS.names}) SELECT * FROM ${COLUMNS.unnest}`,
    values: COLUMNS.arrays(made),
  };
}

function updateSales(changed: Sale[]): Statement {
  return {
    name: "update drop sales",
    text: `UPDATE drop_sales s SET units = v.units FROM ${CHANGED.unnest} v(${CHANGED.names}) WHERE s.order_id = v.order_id AND s.drop_id = v.drop_id`,
    values: CHANGED.arrays(changed),
    rows: changed.length,
  };
}

/** Who bought in which drop, by order. These never change. */
export function selectSalesOf(orderIds: string[]): Statement {
  return {
    name: "select drop sales",
    text: `SELECT order_id AS "orderId", drop_id AS "dropId", person FROM drop_sales WHERE order_id = ANY($1::uuid[])`,
    values: [arrayOf(orderIds, (id) => id)],
  };
}
