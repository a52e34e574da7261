import { firstImage } from "./details.sql.ts";
import { containingEach, LAST_ID, type Statement } from "../database/statement.ts";
import type { SaleStatus } from "./catalog.ts";

export type ProductSort = "newest" | "price" | "-price" | "name";
export type ProductPage = {
  sort: ProductSort;
  search: string;
  includeSoldOut: boolean;
  tag: string | null;
  after: (string | number)[] | null;
  limit: number;
};
export type ProductListItem = {
  id: string;
  name: string;
  price: number;
  stock: number;
  imageUrl: string | null;
  tags: string[];
  dropId: string | null;
};

/** Columns, comparison and direction of each sort; ties are broken by id. */
const SORTS = {
  newest: { place: "(p.id)", kinds: ["uuid"], beyond: "<", direction: "DESC" },
  price: { place: "(p.price, p.id)", kinds: ["bigint", "uuid"], beyond: ">", direction: "ASC" },
  "-price": { place: "(p.price, p.id)", kinds: ["bigint", "uuid"], beyond: "<", direction: "DESC" },
  name: { place: "(p.name, p.id)", kinds: ["text", "uuid"], beyond: ">", direction: "ASC" },
} as const;

/**
 * Products on sale in this order, after the place `after`. The search and the stock ignore variants
 * that are not on sale, because they would reveal a launch.
 */
export function selectProductPage({ sort, search, includeSoldOut, tag, after, limit }: ProductPage): Statement {
  const { place, kinds, beyond, direction } = SORTS[sort];
  const values: unknown[] = [limit];
  const where = ["p.status = 'ON_SALE'", "v.stock IS NOT NULL", "p.rehearsal_id IS NULL"];
  if (after) where.push(`${place} ${beyond} (${kinds.map((kind, i) => `$${values.push(after[i])}::${kind}`).join(", ")})`);
  const patterns = containingEach(search);
  if (patterns !== null) where.push(matching(`$${values.push(patterns)}`, "v.status = 'ON_SALE'"));
  if (tag !== null) where.push(`p.id IN (SELECT product_id FROM product_details WHERE tags @> jsonb_build_array($${values.push(tag)}::text))`);
  if (!includeSoldOut) where.push("v.stock > 0");
  const order = place
    .slice(1, -1)
    .split(", ")
    .map((column) => `${column} ${direction}`)
    .join(", ");
  return {
    name: `select product page ${sort} ${after !== null} ${patterns !== null} ${includeSoldOut} ${tag !== null}`,
    text: `SELECT p.id, p.name, p.price, v.stock, ${firstImage("p.id")} AS "imageUrl", ${TAGS} AS tags, p.drop_id AS "dropId"
           FROM products p CROSS JOIN LATERAL (SELECT sum(stock)::bigint AS stock FROM variants WHERE product_id = p.id AND status = 'ON_SALE') v WHERE ${where.join(" AND ")} ORDER BY ${order} LIMIT $1`,
    values,
  };
}

/** The tags of the product `p`. */
const TAGS = "coalesce((SELECT tags FROM product_details WHERE product_id = p.id), '[]')";

export type AdminProduct = {
  id: string;
  externalId: string | null;
  name: string;
  status: SaleStatus;
  price: number;
  stock: number;
  variants: number;
  imageUrl: string | null;
  tags: string[];
};

/**
 * All products before this id, newest first, without rehearsals' copies.
 * @param before null for the first page
 */
export function selectAdminProducts(
  { search, status, externalId }: { search: string; status: SaleStatus | null; externalId: string | null },
  before: string | null,
  limit: number,
): Statement {
  return {
    name: `select admin products ${externalId !== null}`,
    text: `SELECT p.id, d.external_id AS "externalId", p.name, s.status, p.price, v.stock, v.variants, d.images -> 0 ->> 'url' AS "imageUrl", coalesce(d.tags, '[]') AS tags
           FROM products p LEFT JOIN product_details d ON d.product_id = p.id
             CROSS JOIN LATERAL (SELECT coalesce(sum(stock) FILTER (WHERE status = 'ON_SALE'), 0)::bigint AS stock, count(*)::int AS variants,
                                   bool_or(status = 'ON_SALE') AS on_sale FROM variants WHERE product_id = p.id) v
             CROSS JOIN LATERAL (SELECT CASE WHEN v.on_sale THEN p.status ELSE 'NOT_FOR_SALE' END AS status) s
           WHERE p.id < $1::uuid AND ($2::text[] IS NULL OR ${matching("$2")}) AND ($3::text IS NULL OR s.status = $3)
             ${externalId === null ? "" : "AND d.external_id = $5"}
             AND p.rehearsal_id IS NULL
           ORDER BY p.id DESC LIMIT $4`,
    values: [before ?? LAST_ID, containingEach(search), status, limit, ...(externalId === null ? [] : [externalId])],
  };
}

/**
 * A condition on the product `p`: each of these patterns (`containingEach`) occurs in its name, an
 * option's value or a SKU. SKUs are stored as sent, so only they are normalized here.
 * @param condition the variants `v` that the search includes
 */
function matching(patterns: string, condition = "true"): string {
  return `NOT EXISTS (SELECT FROM unnest(${patterns}::text[]) pattern WHERE p.name NOT ILIKE pattern AND NOT EXISTS (
             SELECT FROM variants v WHERE v.product_id = p.id AND ${condition} AND (normalize(v.sku, NFC) ILIKE pattern
               OR EXISTS (SELECT FROM jsonb_each_text(v.options) option WHERE option.value ILIKE pattern))))`;
}
