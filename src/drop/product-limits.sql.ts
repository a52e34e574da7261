import { arrayOf } from "../database/statement.ts";
import type { Table } from "../till/table.ts";

/** The drop by whose rules a product is sold, and its limit per customer. */
export type ProductLimit = { dropId: string; limitPerCustomer: number | null };

/** Products that are in drops, for carts that show them. Only read. */
export const productLimits: Table<ProductLimit> = {
  name: "product limits",
  load: (ids) => ({
    name: "read product limits",
    text: `SELECT p.id, p.drop_id AS "dropId", d.limit_per_customer AS "limitPerCustomer" FROM products p JOIN drops d ON d.id = p.drop_id
           WHERE p.id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, { dropId: row["dropId"] as string, limitPerCustomer: row["limitPerCustomer"] as number | null }],
  save: () => [],
};
