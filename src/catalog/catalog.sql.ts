import { containing, inOrder, instants, LAST_ID, plain, quoted, type Statement, updateInPlace } from "../database/statement.ts";
import type { Change, Journal, Shelf } from "../till/shelf.ts";
import type { Product, Variant } from "./catalog.ts";

/** Variants, locked. Whoever changes a product locks its variants, so an order that holds a variant sees the product stand still. */
export const variants: Shelf<Variant> = {
  name: "variants",
  load: (ids) => ({
    name: "lock variants",
    text: `SELECT id, product_id AS "productId", position, sku, name, options, price, stock FROM variants
           WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [plain(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row as Variant],
  save(changes) {
    const made = changes.filter((change) => change.before === undefined);
    const sold = changes.filter(({ before, after }) => before !== undefined && before.stock !== after.stock);
    const edited = changes.filter(
      ({ before, after }) =>
        before !== undefined &&
        (before.price !== after.price || before.name !== after.name || before.sku !== after.sku || before.options !== after.options),
    );
    return [
      ...(made.length > 0 ? [insertVariants(made)] : []),
      ...(sold.length > 0 ? [updateStock(sold)] : []),
      ...(edited.length > 0 ? [updateVariants(edited)] : []),
    ];
  },
};

function insertVariants(changes: Change<Variant>[]): Statement {
  return {
    name: "insert variants",
    text: `INSERT INTO variants (id, product_id, position, sku, name, options, price, stock)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::jsonb[], $7::bigint[], $8::bigint[])`,
    values: [
      plain(changes, ({ key }) => key),
      plain(changes, ({ after }) => after.productId),
      plain(changes, ({ after }) => after.position),
      ...describing(changes),
      plain(changes, ({ after }) => after.price),
      plain(changes, ({ after }) => after.stock),
    ],
  };
}

const UPDATE_STOCK = updateInPlace("variants", { stock: "bigint" });

/** Five hundred orders of one variant are one new version of its row. */
function updateStock(changes: Change<Variant>[]): Statement {
  const sold = inOrder(changes);
  return {
    name: "update stock",
    text: UPDATE_STOCK,
    values: [plain(sold, ({ key }) => key), plain(sold, ({ after }) => after.stock)],
    rows: sold.length,
  };
}

function updateVariants(changes: Change<Variant>[]): Statement {
  return {
    name: "update variants",
    text: `UPDATE variants SET sku = v.sku, name = v.name, options = v.options, price = v.price
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::bigint[]) v(id, sku, name, options, price) WHERE variants.id = v.id`,
    values: [plain(changes, ({ key }) => key), ...describing(changes), plain(changes, ({ after }) => after.price)],
    rows: changes.length,
  };
}

function describing(changes: Change<Variant>[]): string[] {
  return [
    quoted(changes, ({ after }) => after.sku),
    quoted(changes, ({ after }) => after.name),
    quoted(changes, ({ after }) => JSON.stringify(after.options)),
  ];
}

/** Products, read after their variants are locked: that lock guards them. */
export const products: Shelf<Product> = {
  name: "products",
  load: (ids) => ({
    name: "read products",
    text: `SELECT id, name, description, status, price, rehearsal_id AS "rehearsalId" FROM products WHERE id = ANY($1::uuid[])`,
    values: [plain(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row as Product],
  save(changes) {
    const made = changes.filter((change) => change.before === undefined);
    const changed = changes.filter((change) => change.before !== undefined);
    return [...(made.length > 0 ? [insertProducts(made)] : []), ...(changed.length > 0 ? [updateProducts(changed)] : [])];
  },
};

function insertProducts(changes: Change<Product>[]): Statement {
  return {
    name: "insert products",
    text: `INSERT INTO products (id, name, description, status, price, created_at, rehearsal_id)
           SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::uuid[])`,
    values: [
      plain(changes, ({ key }) => key),
      quoted(changes, ({ after }) => after.name),
      quoted(changes, ({ after }) => after.description),
      plain(changes, ({ after }) => after.status),
      plain(changes, ({ after }) => after.price),
      instants(changes, ({ after }) => after.made?.createdAt),
      plain(changes, ({ after }) => after.rehearsalId),
    ],
  };
}

function updateProducts(changes: Change<Product>[]): Statement {
  return {
    name: "update products",
    text: `UPDATE products p SET name = v.name, description = v.description, status = v.status, price = v.price
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[]) v(id, name, description, status, price) WHERE p.id = v.id`,
    values: [
      plain(changes, ({ key }) => key),
      quoted(changes, ({ after }) => after.name),
      quoted(changes, ({ after }) => after.description),
      plain(changes, ({ after }) => after.status),
      plain(changes, ({ after }) => after.price),
    ],
    rows: changes.length,
  };
}

export type StockAdjustment = { id: string; variantId: string; delta: number; stockAfter: number; reason: string; createdAt: number };

/** Every change of stock that is not a sale or its return, the first filling included. */
export const stockAdjustments: Journal<StockAdjustment> = {
  name: "stock adjustments",
  append: (rows) => ({
    name: "insert stock adjustments",
    text: `INSERT INTO stock_adjustments (id, variant_id, delta, stock_after, reason, created_at)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::timestamptz[])`,
    values: [
      plain(rows, (row) => row.id),
      plain(rows, (row) => row.variantId),
      plain(rows, (row) => row.delta),
      plain(rows, (row) => row.stockAfter),
      quoted(rows, (row) => row.reason),
      instants(rows, (row) => row.createdAt),
    ],
  }),
};

/** Why a variant's stock is what it is, newest first, before this one. */
export function selectStockAdjustments(variantId: string, before: string | null, limit: number): Statement {
  return {
    name: "select stock adjustments",
    text: `SELECT id, delta, stock_after AS "stockAfter", reason, created_at AS "createdAt" FROM stock_adjustments
           WHERE variant_id = $1 AND id < $2::uuid ORDER BY id DESC LIMIT $3`,
    values: [variantId, before ?? LAST_ID, limit],
  };
}

/** Which variants a product has, in order: a fact that never changes. */
export function selectVariantIds(productIds: string[]): Statement {
  return {
    name: "select variant ids",
    text: `SELECT product_id AS "productId", array_agg(id ORDER BY position) AS "variantIds" FROM variants WHERE product_id = ANY($1::uuid[]) GROUP BY product_id`,
    values: [plain(productIds, (id) => id)],
  };
}

/** Whole products as committed, their variants with them. */
export function selectProducts(ids: string[]): Statement {
  return {
    name: "select products",
    text: `SELECT p.id, p.name, p.description, p.status, p.rehearsal_id AS "rehearsalId",
             (SELECT json_agg(json_build_object('id', v.id, 'sku', v.sku, 'name', v.name, 'options', v.options, 'price', v.price, 'stock', v.stock) ORDER BY v.position)
              FROM variants v WHERE v.product_id = p.id) AS variants
           FROM products p WHERE p.id = ANY($1::uuid[])`,
    values: [plain(ids, (id) => id)],
  };
}

export type ProductSort = "newest" | "price" | "-price" | "name";
export type ProductPage = { sort: ProductSort; search: string | null; includeSoldOut: boolean; after: (string | number)[] | null; limit: number };
export type ProductListItem = { id: string; name: string; price: number; stock: number };

/** The column that each order goes by, ties by id, and which way. */
const SORTS = {
  newest: { place: "(p.id)", kinds: ["uuid"], beyond: "<", direction: "DESC" },
  price: { place: "(p.price, p.id)", kinds: ["bigint", "uuid"], beyond: ">", direction: "ASC" },
  "-price": { place: "(p.price, p.id)", kinds: ["bigint", "uuid"], beyond: "<", direction: "DESC" },
  name: { place: "(p.name, p.id)", kinds: ["text", "uuid"], beyond: ">", direction: "ASC" },
} as const;

/** Products for sale in this order, from the place after `after` on. */
export function selectProductPage({ sort, search, includeSoldOut, after, limit }: ProductPage): Statement {
  const { place, kinds, beyond, direction } = SORTS[sort];
  const values: unknown[] = [limit];
  const where = ["p.status = 'ON_SALE'", "p.rehearsal_id IS NULL"];
  if (after) where.push(`${place} ${beyond} (${kinds.map((kind, i) => `$${values.push(after[i])}::${kind}`).join(", ")})`);
  if (search !== null) where.push(`p.name ILIKE $${values.push(containing(search))}`);
  if (!includeSoldOut) where.push("EXISTS (SELECT FROM variants v WHERE v.product_id = p.id AND v.stock > 0)");
  const order = place
    .slice(1, -1)
    .split(", ")
    .map((column) => `${column} ${direction}`)
    .join(", ");
  return {
    name: `select product page ${sort} ${after !== null} ${search !== null} ${includeSoldOut}`,
    text: `SELECT p.id, p.name, p.price, (SELECT sum(v.stock)::bigint FROM variants v WHERE v.product_id = p.id) AS stock
           FROM products p WHERE ${where.join(" AND ")} ORDER BY ${order} LIMIT $1`,
    values,
  };
}
