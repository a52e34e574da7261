import { IMAGE_URL } from "../catalog/details.sql.ts";
import { timestampArray, arrayOf, type Statement } from "../database/statement.ts";
import type { Table } from "../till/table.ts";
import type { CartItem } from "./cart.ts";

/** Carts by user, read after the user is locked. Writes only the items that the round changed. */
export const carts: Table<CartItem[]> = {
  name: "carts",
  load: (userIds) => ({
    name: "read carts",
    text: `SELECT user_id, array_agg(id ORDER BY id) AS ids, array_agg(product_id ORDER BY id) AS products, array_agg(variant_id ORDER BY id) AS variants,
             array_agg(quantity ORDER BY id) AS quantities, array_agg(extract(epoch FROM created_at) * 1000 ORDER BY id) AS created
           FROM cart_items WHERE user_id = ANY($1::uuid[]) GROUP BY user_id`,
    values: [arrayOf(userIds, (id) => id)],
  }),
  read(row) {
    const { ids, products, variants, quantities, created } = row as {
      ids: string[];
      products: string[];
      variants: string[];
      quantities: number[];
      created: string[];
    };
    const items = ids.map((id, i) => ({
      id,
      productId: products[i] as string,
      variantId: variants[i] as string,
      quantity: quantities[i] as number,
      createdAt: Number(created[i]),
    }));
    return [row["user_id"] as string, items];
  },
  save(changes) {
    const added: (CartItem & { userId: string })[] = [];
    const changed: CartItem[] = [];
    const removed: string[] = [];
    for (const { key: userId, before = [], after } of changes) {
      const removable = new Map(before.map((item) => [item.id, item]));
      for (const item of after) {
        const old = removable.get(item.id);
        if (!old) added.push({ ...item, userId });
        else if (old.quantity !== item.quantity) changed.push(item);
        removable.delete(item.id);
      }
      removed.push(...removable.keys());
    }
    // Deletes run first: the same round may remove a variant and add it again.
    return [
      ...(removed.length > 0 ? [deleteItems(removed)] : []),
      ...(added.length > 0 ? [insertItems(added)] : []),
      ...(changed.length > 0 ? [updateQuantities(changed)] : []),
    ];
  },
};

function insertItems(items: (CartItem & { userId: string })[]): Statement {
  return {
    name: "insert cart items",
    text: `INSERT INTO cart_items (id, user_id, product_id, variant_id, quantity, created_at)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::timestamptz[])`,
    values: [
      arrayOf(items, (item) => item.id),
      arrayOf(items, (item) => item.userId),
      arrayOf(items, (item) => item.productId),
      arrayOf(items, (item) => item.variantId),
      arrayOf(items, (item) => item.quantity),
      timestampArray(items, (item) => item.createdAt),
    ],
  };
}

function updateQuantities(items: CartItem[]): Statement {
  return {
    name: "update cart quantities",
    text: "UPDATE cart_items c SET quantity = v.quantity FROM unnest($1::uuid[], $2::int[]) v(id, quantity) WHERE c.id = v.id",
    values: [arrayOf(items, (item) => item.id), arrayOf(items, (item) => item.quantity)],
    rows: items.length,
  };
}

function deleteItems(ids: string[]): Statement {
  return {
    name: "delete cart items",
    text: "DELETE FROM cart_items WHERE id = ANY($1::uuid[])",
    values: [arrayOf(ids, (id) => id)],
    rows: ids.length,
  };
}

/** A cart with current prices and stock. An empty cart is a row of nulls, an unknown user no row. */
export function selectCart(userId: string): Statement {
  return {
    name: "select cart",
    text: `SELECT c.id, c.product_id AS "productId", c.variant_id AS "variantId", c.quantity, p.name AS "productName", v.name AS "variantName", v.price, v.stock,
             CASE WHEN p.status = 'ON_SALE' THEN v.status ELSE 'NOT_FOR_SALE' END AS status, ${IMAGE_URL} AS "imageUrl", p.drop_id AS "dropId",
             (SELECT d.limit_per_customer FROM drops d WHERE d.id = p.drop_id) AS "limitPerCustomer"
           FROM users u LEFT JOIN (cart_items c JOIN variants v ON v.id = c.variant_id JOIN products p ON p.id = c.product_id) ON c.user_id = u.id
           WHERE u.id = $1 ORDER BY c.id`,
    values: [userId],
  };
}

/** The variants in a cart, whose rows a checkout needs. */
export function selectCartVariants(userId: string): Statement {
  return {
    name: "select cart variants",
    text: `SELECT product_id AS "productId", variant_id AS "variantId" FROM cart_items WHERE user_id = $1`,
    values: [userId],
  };
}

/** The variant of one item of a user's cart. */
export function selectCartVariant(userId: string, itemId: string): Statement {
  return {
    name: "select cart variant",
    text: `SELECT product_id AS "productId", variant_id AS "variantId" FROM cart_items WHERE user_id = $1 AND id = $2`,
    values: [userId, itemId],
  };
}
