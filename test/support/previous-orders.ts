// Orders as the version before writes, reads and changes them: line items, payment and first event are rows of their own. The
// statements are those of version 0.1.0.

import type pg from "pg";
import { newId, newOrderId } from "../../src/ids.ts";
import { type InsertOrder, moveMoney, type Queryable, type RowOrder, type RowProduct } from "./rows.ts";

export async function placePrevious(db: Queryable, { userId, items, paid = true, at = new Date().toISOString() }: InsertOrder): Promise<RowOrder> {
  const id = newOrderId(Date.parse(at));
  const total = items.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);
  const expiry = paid ? "NULL" : "$4::timestamptz + interval '30 minutes'";
  await db.query(
    `INSERT INTO orders (id, user_id, status, changes, user_coupon_id, total_amount, discount_amount, refunded_amount, created_at, expires_at, completed_at)
     VALUES ($1, $2, '${paid ? "COMPLETED" : "PENDING"}', 1, NULL, $3, 0, 0, $4, ${expiry}, ${paid ? "$4" : "NULL"})`,
    [id, userId, total, at],
  );
  for (const [line, { product, quantity }] of items.entries())
    await db.query(
      "INSERT INTO order_items (order_id, variant_id, product_id, line, name, unit_price, quantity) VALUES ($1, $2, $3, $4, $5, $6, $7)",
      [id, product.variantId, product.id, line, product.name, product.price, quantity],
    );
  const order = { id, userId, items, discount: 0, seq: 1 };
  if (paid) await pay(db, order, at);
  await db.query("INSERT INTO order_events (order_id, seq, type, created_at) VALUES ($1, 1, $2, $3)", [
    id,
    paid ? "order.completed" : "order.placed",
    at,
  ]);
  return order;
}

async function pay(db: Queryable, { id, userId, items }: RowOrder, at: string): Promise<void> {
  const amount = items.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);
  for (const { product, quantity } of items) await db.query("UPDATE variants SET stock = stock - $2 WHERE id = $1", [product.variantId, quantity]);
  await moveMoney(db, userId, "PAYMENT", -amount, id);
  await db.query(
    "INSERT INTO payments (id, order_id, method, status, amount, created_at, paid_at) VALUES ($1, $2, 'BALANCE', 'COMPLETED', $3, $4, $4)",
    [newId(Date.parse(at)), id, amount, at],
  );
}

/** Refunds units of an order that its payment's row shows as paid. Errors: no such rows. */
export async function refundPrevious(db: Queryable, order: RowOrder, product: RowProduct, quantity: number): Promise<void> {
  const touched = (result: pg.QueryResult): void => {
    if (result.rowCount !== 1) throw new Error("the version before does not find the order's rows");
  };
  const amount = product.price * quantity;
  await db.query("UPDATE variants SET stock = stock + $2 WHERE id = $1", [product.variantId, quantity]);
  touched(
    await db.query("UPDATE order_items SET refunded_quantity = refunded_quantity + $3 WHERE order_id = $1 AND variant_id = $2", [
      order.id,
      product.variantId,
      quantity,
    ]),
  );
  await moveMoney(db, order.userId, "REFUND", amount, order.id);
  touched(await db.query("UPDATE payments SET status = 'PARTIALLY_REFUNDED' WHERE order_id = $1 AND status <> 'FAILED'", [order.id]));
  const { rows } = await db.query<{ changes: number }>(
    "UPDATE orders SET status = 'PARTIALLY_REFUNDED', refunded_amount = refunded_amount + $2, changes = changes + 1 WHERE id = $1 RETURNING changes",
    [order.id, amount],
  );
  const data = {
    items: [{ variantId: product.variantId, productId: product.id, quantity, unitPrice: product.price, amount }],
    amount,
    reason: "returned",
  };
  await db.query("INSERT INTO order_events (order_id, seq, type, data, created_at) VALUES ($1, $2, 'order.partially-refunded', $3, now())", [
    order.id,
    rows[0]?.changes,
    JSON.stringify(data),
  ]);
}
