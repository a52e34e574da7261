import { containing, LAST_ID, type Statement } from "../database/statement.ts";
import type { SaleStatus } from "./catalog.ts";

export type EveryProduct = { id: string; name: string; status: SaleStatus; price: number; stock: number; variants: number };

/** Products before this id, newest first; copies that rehearsals have made are not among them. */
export function selectEveryProduct(
  { search, status }: { search: string | null; status: SaleStatus | null },
  before: string | null,
  limit: number,
): Statement {
  return {
    name: "select every product",
    text: `SELECT p.id, p.name, p.status, p.price, v.stock, v.variants
           FROM products p CROSS JOIN LATERAL (SELECT sum(stock)::bigint AS stock, count(*)::int AS variants FROM variants WHERE product_id = p.id) v
           WHERE p.id < $1::uuid AND ($2::text IS NULL OR p.name ILIKE $2) AND ($3::text IS NULL OR p.status = $3)
             AND p.rehearsal_id IS NULL
           ORDER BY p.id DESC LIMIT $4`,
    values: [before ?? LAST_ID, search === null ? null : containing(search), status, limit],
  };
}
