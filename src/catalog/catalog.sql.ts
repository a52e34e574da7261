import { containingEach, inOrder, timestampArray, LAST_ID, arrayOf, textArray, type Statement, updateInPlace } from "../database/statement.ts";
import type { Change, Journal, Table } from "../till/table.ts";
import type { Product, Variant } from "./catalog.ts";

/** Variants, locked. Whoever changes a product locks its variants, so an order that holds a variant sees the product stand still. */
export const variants: Table<Variant> = {
  name: "variants",
  load: (ids) => ({
    name: "lock variants",
    text: `SELECT id, product_id AS "productId", position, sku, name, options, price, stock, status, version FROM variants
           WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row as Variant],
  save(changes) {
    const made = changes.filter((change) => change.before === undefined);
    const sold = changes.filter(({ before, after }) => before !== undefined && before.stock !== after.stock);
    const edited = changes.filter(
      ({ before, after }) =>
        before !== undefined &&
        (before.price !== after.price ||
          before.name !== after.name ||
          before.sku !== after.sku ||
          before.options !== after.options ||
          before.status !== after.status ||
          before.version !== after.version),
    );
    // Edits go before new rows: a new variant may take over a SKU that an edit in the same round gives up.
    return [
      ...(sold.length > 0 ? [updateStock(sold)] : []),
      ...(edited.length > 0 ? [updateVariants(edited)] : []),
      ...(made.length > 0 ? [insertVariants(made)] : []),
    ];
  },
};

function insertVariants(changes: Change<Variant>[]): Statement {
  return {
    name: "insert variants",
    text: `INSERT INTO variants (id, product_id, position, sku, name, options, price, stock, status)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::jsonb[], $7::bigint[], $8::bigint[], $9::text[])`,
    values: [
      arrayOf(changes, ({ key }) => key),
      arrayOf(changes, ({ after }) => after.productId),
      arrayOf(changes, ({ after }) => after.position),
      ...describing(changes),
      arrayOf(changes, ({ after }) => after.price),
      arrayOf(changes, ({ after }) => after.stock),
      arrayOf(changes, ({ after }) => after.status),
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
    values: [arrayOf(sold, ({ key }) => key), arrayOf(sold, ({ after }) => after.stock)],
    rows: sold.length,
  };
}

function updateVariants(changes: Change<Variant>[]): Statement {
  return {
    name: "update variants",
    text: `UPDATE variants SET sku = v.sku, name = v.name, options = v.options, price = v.price, status = v.status, version = v.version
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::bigint[], $6::text[], $7::int[]) v(id, sku, name, options, price, status, version)
           WHERE variants.id = v.id`,
    values: [
      arrayOf(changes, ({ key }) => key),
      ...describing(changes),
      arrayOf(changes, ({ after }) => after.price),
      arrayOf(changes, ({ after }) => after.status),
      arrayOf(changes, ({ after }) => after.version),
    ],
    rows: changes.length,
  };
}

function describing(changes: Change<Variant>[]): string[] {
  return [
    textArray(changes, ({ after }) => after.sku),
    textArray(changes, ({ after }) => after.name),
    textArray(changes, ({ after }) => JSON.stringify(after.options)),
  ];
}

/**
 * Which variant has a SKU; null for one that this round has given up. The table's UNIQUE constraint settles what two rounds try at once: it is
 * checked after each statement, so that two variants can exchange their SKUs.
 */
export const skus: Table<{ variantId: string | null }> = {
  name: "skus",
  load: (names) => ({
    name: "read skus",
    text: `SELECT sku, id AS "variantId" FROM variants WHERE sku = ANY($1::text[])`,
    values: [textArray(names, (name) => name)],
  }),
  read: (row) => [row["sku"] as string, { variantId: row["variantId"] as string }],
  save: () => [],
};

/** Products, read after their variants are locked: that lock guards them. */
export const products: Table<Product> = {
  name: "products",
  load: (ids) => ({
    name: "read products",
    text: `SELECT id, name, description, status, price, version, rehearsal_id AS "rehearsalId" FROM products WHERE id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
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
      arrayOf(changes, ({ key }) => key),
      textArray(changes, ({ after }) => after.name),
      textArray(changes, ({ after }) => after.description),
      arrayOf(changes, ({ after }) => after.status),
      arrayOf(changes, ({ after }) => after.price),
      timestampArray(changes, ({ after }) => after.made?.createdAt),
      arrayOf(changes, ({ after }) => after.rehearsalId),
    ],
  };
}

function updateProducts(changes: Change<Product>[]): Statement {
  return {
    name: "update products",
    text: `UPDATE products p SET name = v.name, description = v.description, status = v.status, price = v.price, version = v.version
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::int[]) v(id, name, description, status, price, version)
           WHERE p.id = v.id`,
    values: [
      arrayOf(changes, ({ key }) => key),
      textArray(changes, ({ after }) => after.name),
      textArray(changes, ({ after }) => after.description),
      arrayOf(changes, ({ after }) => after.status),
      arrayOf(changes, ({ after }) => after.price),
      arrayOf(changes, ({ after }) => after.version),
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
      arrayOf(rows, (row) => row.id),
      arrayOf(rows, (row) => row.variantId),
      arrayOf(rows, (row) => row.delta),
      arrayOf(rows, (row) => row.stockAfter),
      textArray(rows, (row) => row.reason),
      timestampArray(rows, (row) => row.createdAt),
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
    values: [arrayOf(productIds, (id) => id)],
  };
}

/** Whole products as committed, their variants with them. */
export function selectProducts(ids: string[]): Statement {
  return {
    name: "select products",
    text: `SELECT p.id, p.name, p.description, p.status, p.version, p.rehearsal_id AS "rehearsalId",
             (SELECT json_agg(json_build_object('id', v.id, 'sku', v.sku, 'name', v.name, 'options', v.options, 'price', v.price, 'stock', v.stock,
                'status', v.status, 'version', v.version) ORDER BY v.position)
              FROM variants v WHERE v.product_id = p.id) AS variants
           FROM products p WHERE p.id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  };
}

export type ProductSort = "newest" | "price" | "-price" | "name";
export type ProductPage = { sort: ProductSort; search: string; includeSoldOut: boolean; after: (string | number)[] | null; limit: number };
export type ProductListItem = { id: string; name: string; price: number; stock: number };

/**
 * SQL: each of these patterns (`containingEach`) occurs in the name of the product `p`, in an option's value or in a SKU.
 * SKUs are stored as they came, so they alone are normalized here. @param of which variants count
 */
export function matching(patterns: string, of = "true"): string {
  return `NOT EXISTS (SELECT FROM unnest(${patterns}::text[]) pattern WHERE p.name NOT ILIKE pattern AND NOT EXISTS (
             SELECT FROM variants v WHERE v.product_id = p.id AND ${of} AND (normalize(v.sku, NFC) ILIKE pattern
               OR EXISTS (SELECT FROM jsonb_each_text(v.options) option WHERE option.value ILIKE pattern))))`;
}

/** The column that each order goes by, ties by id, and which way. */
const SORTS = {
  newest: { place: "(p.id)", kinds: ["uuid"], beyond: "<", direction: "DESC" },
  price: { place: "(p.price, p.id)", kinds: ["bigint", "uuid"], beyond: ">", direction: "ASC" },
  "-price": { place: "(p.price, p.id)", kinds: ["bigint", "uuid"], beyond: "<", direction: "DESC" },
  name: { place: "(p.name, p.id)", kinds: ["text", "uuid"], beyond: ">", direction: "ASC" },
} as const;

/**
 * Products for sale in this order, from the place after `after` on. Variants that are not on sale count for nothing, in the search either: they
 * would tell of a launch.
 */
export function selectProductPage({ sort, search, includeSoldOut, after, limit }: ProductPage): Statement {
  const { place, kinds, beyond, direction } = SORTS[sort];
  const values: unknown[] = [limit];
  const where = ["p.status = 'ON_SALE'", "v.stock IS NOT NULL", "p.rehearsal_id IS NULL"];
  if (after) where.push(`${place} ${beyond} (${kinds.map((kind, i) => `$${values.push(after[i])}::${kind}`).join(", ")})`);
  const patterns = containingEach(search);
  if (patterns !== null) where.push(matching(`$${values.push(patterns)}`, "v.status = 'ON_SALE'"));
  if (!includeSoldOut) where.push("v.stock > 0");
  const order = place
    .slice(1, -1)
    .split(", ")
    .map((column) => `${column} ${direction}`)
    .join(", ");
  return {
    name: `select product page ${sort} ${after !== null} ${patterns !== null} ${includeSoldOut}`,
    text: `SELECT p.id, p.name, p.price, v.stock
           FROM products p CROSS JOIN LATERAL (SELECT sum(stock)::bigint AS stock FROM variants WHERE product_id = p.id AND status = 'ON_SALE') v WHERE ${where.join(" AND ")} ORDER BY ${order} LIMIT $1`,
    values,
  };
}
