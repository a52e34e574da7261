import { uuidArray } from "../database/binary-arrays.ts";
import { arrayOf, inOrder, type Statement, textArray, timestampArray, updateInPlace } from "../database/statement.ts";
import type { Change, Table } from "../till/table.ts";
import type { Product, Variant } from "./catalog.ts";

/** Variants, locked. A change of a product locks all its variants, so it waits for their orders. */
export const variants: Table<Variant> = {
  name: "variants",
  load: (ids) => ({
    name: "lock variants",
    text: `SELECT id, product_id AS "productId", position, sku, name, options, price, stock, status, version FROM variants
           WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [uuidArray(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row as Variant],
  save(changes) {
    const created = changes.filter((change) => change.before === undefined);
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
    // Updates run before inserts: a new variant can have a SKU that an edit in the same round
    // released.
    return [
      ...(sold.length > 0 ? [updateStock(sold)] : []),
      ...(edited.length > 0 ? [updateVariants(edited)] : []),
      ...(created.length > 0 ? [insertVariants(created)] : []),
    ];
  },
};

function insertVariants(changes: Change<Variant>[]): Statement {
  return {
    name: "insert variants",
    text: `INSERT INTO variants (id, product_id, position, sku, name, options, price, stock, status)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::jsonb[], $7::bigint[], $8::bigint[], $9::text[])`,
    values: [
      uuidArray(changes, ({ key }) => key),
      uuidArray(changes, ({ after }) => after.productId),
      arrayOf(changes, ({ after }) => after.position),
      ...descriptions(changes),
      arrayOf(changes, ({ after }) => after.price),
      arrayOf(changes, ({ after }) => after.stock),
      arrayOf(changes, ({ after }) => after.status),
    ],
  };
}

const UPDATE_STOCK = updateInPlace("variants", { stock: "bigint" });

/** One row version for all orders of a variant in the round. */
function updateStock(changes: Change<Variant>[]): Statement {
  const sold = inOrder(changes);
  return {
    name: "update stock",
    text: UPDATE_STOCK,
    values: [uuidArray(sold, ({ key }) => key), arrayOf(sold, ({ after }) => after.stock)],
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
      uuidArray(changes, ({ key }) => key),
      ...descriptions(changes),
      arrayOf(changes, ({ after }) => after.price),
      arrayOf(changes, ({ after }) => after.status),
      arrayOf(changes, ({ after }) => after.version),
    ],
    rows: changes.length,
  };
}

function descriptions(changes: Change<Variant>[]): string[] {
  return [
    textArray(changes, ({ after }) => after.sku),
    textArray(changes, ({ after }) => after.name),
    textArray(changes, ({ after }) => JSON.stringify(after.options)),
  ];
}

/**
 * The variant of each SKU; null if this round has released it. The table's UNIQUE constraint
 * decides between two rounds. PostgreSQL checks it after each statement, so two variants can swap
 * their SKUs.
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

/** Products, read after their variants are locked. The locks of the variants protect them. */
export const products: Table<Product> = {
  name: "products",
  load: (ids) => ({
    name: "read products",
    text: `SELECT id, name, description, status, price, version, variants_added AS "variantsAdded", tax_free_amount AS "taxFreeAmount", drop_id AS "dropId", rehearsal_id AS "rehearsalId" FROM products WHERE id = ANY($1::uuid[])`,
    values: [uuidArray(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row as Product],
  save(changes) {
    const created = changes.filter((change) => change.before === undefined);
    const changed = changes.filter((change) => change.before !== undefined);
    return [...(created.length > 0 ? [insertProducts(created)] : []), ...(changed.length > 0 ? [updateProducts(changed)] : [])];
  },
};

function insertProducts(changes: Change<Product>[]): Statement {
  return {
    name: "insert products",
    text: `INSERT INTO products (id, name, description, status, price, created_at, rehearsal_id, tax_free_amount)
           SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::uuid[], $8::bigint[])`,
    values: [
      uuidArray(changes, ({ key }) => key),
      textArray(changes, ({ after }) => after.name),
      textArray(changes, ({ after }) => after.description),
      arrayOf(changes, ({ after }) => after.status),
      arrayOf(changes, ({ after }) => after.price),
      timestampArray(changes, ({ after }) => after.made?.createdAt),
      uuidArray(changes, ({ after }) => after.rehearsalId),
      arrayOf(changes, ({ after }) => after.taxFreeAmount ?? 0),
    ],
  };
}

function updateProducts(changes: Change<Product>[]): Statement {
  return {
    name: "update products",
    text: `UPDATE products p SET name = v.name, description = v.description, status = v.status, price = v.price, version = v.version,
             drop_id = v.drop_id, variants_added = v.variants_added, tax_free_amount = v.tax_free_amount
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::int[], $7::uuid[], $8::int[], $9::bigint[])
             v(id, name, description, status, price, version, drop_id, variants_added, tax_free_amount)
           WHERE p.id = v.id`,
    values: [
      uuidArray(changes, ({ key }) => key),
      textArray(changes, ({ after }) => after.name),
      textArray(changes, ({ after }) => after.description),
      arrayOf(changes, ({ after }) => after.status),
      arrayOf(changes, ({ after }) => after.price),
      arrayOf(changes, ({ after }) => after.version),
      uuidArray(changes, ({ after }) => after.dropId),
      arrayOf(changes, ({ after }) => after.variantsAdded ?? 0),
      arrayOf(changes, ({ after }) => after.taxFreeAmount ?? 0),
    ],
    rows: changes.length,
  };
}
