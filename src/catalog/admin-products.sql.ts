import { containingEach, LAST_ID, type Statement } from "../database/statement.ts";
import type { SaleStatus } from "./catalog.ts";
import { matching } from "./catalog.sql.ts";

export type AdminProduct = { id: string; name: string; status: SaleStatus; price: number; stock: number; variants: number };

/** Products before this id, newest first; copies that rehearsals have made are not among them. */
export function selectAdminProducts(
  { search, status }: { search: string; status: SaleStatus | null },
  before: string | null,
  limit: number,
): Statement {
  return {
    name: "select every product",
    text: `SELECT p.id, p.name, s.status, p.price, v.stock, v.variants
           FROM products p
             CROSS JOIN LATERAL (SELECT coalesce(sum(stock) FILTER (WHERE status = 'ON_SALE'), 0)::bigint AS stock, count(*)::int AS variants,
                                   bool_or(status = 'ON_SALE') AS on_sale FROM variants WHERE product_id = p.id) v
             CROSS JOIN LATERAL (SELECT CASE WHEN v.on_sale THEN p.status ELSE 'NOT_FOR_SALE' END AS status) s
           WHERE p.id < $1::uuid AND ($2::text[] IS NULL OR ${matching("$2")}) AND ($3::text IS NULL OR s.status = $3)
             AND p.rehearsal_id IS NULL
           ORDER BY p.id DESC LIMIT $4`,
    values: [before ?? LAST_ID, containingEach(search), status, limit],
  };
}
