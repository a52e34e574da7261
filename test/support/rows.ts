// Inserts rows with plain SQL, as the till would write them, for tests of readers. All invariants hold.

import type pg from "pg";
import { newId, newOrderId } from "../../src/ids.ts";

/** A pool or a connection. A test of late commits passes a connection with an open transaction. */
export type Queryable = Pick<pg.Client, "query">;

export type RowProduct = { id: string; variantId: string; name: string; price: number };
export type RowOrder = { id: string; userId: string; items: { product: RowProduct; quantity: number }[]; discount: number; seq: number };

export async function insertUser(db: Queryable, balance = 1_000_000): Promise<string> {
  const id = newId(Date.now());
  await db.query("INSERT INTO users (id, name, balance, version, created_at) VALUES ($1, '손님', $2, 1, now())", [id, balance]);
  await db.query(
    "INSERT INTO balance_transactions (user_id, version, id, type, status, amount, balance_after, created_at) VALUES ($1, 1, $2, 'GRANT', 'COMPLETED', $3, $3, now())",
    [id, newId(Date.now()), balance],
  );
  return id;
}

export async function insertProduct(db: Queryable, { name = "사과", price = 1000, stock = 1000, status = "ON_SALE" } = {}): Promise<RowProduct> {
  const id = newId(Date.now());
  const variantId = newId(Date.now());
  await db.query("INSERT INTO products (id, name, status, price, created_at) VALUES ($1, $2, $3, $4, now())", [id, name, status, price]);
  await db.query("INSERT INTO variants (id, product_id, position, price, stock) VALUES ($1, $2, 0, $3, $4)", [variantId, id, price, stock]);
  await db.query(
    "INSERT INTO stock_adjustments (id, variant_id, delta, stock_after, reason, created_at) VALUES ($1, $2, $3, $3, 'initial stock', now())",
    [newId(Date.now()), variantId, stock],
  );
  return { id, variantId, name, price };
}

export async function insertCampaign(db: Queryable, { amount = 500, totalQuantity = 10 } = {}): Promise<string> {
  const id = newId(Date.now());
  await db.query(
    "INSERT INTO campaigns (id, name, discount_type, discount_value, total_quantity, opens_at, valid_days, created_at) VALUES ($1, '장날 쿠폰', 'FIXED', $2, $3, now(), 30, now())",
    [id, amount, totalQuantity],
  );
  return id;
}

export async function insertUserCoupon(db: Queryable, campaignId: string, userId: string): Promise<string> {
  const id = newId(Date.now());
  await db.query("UPDATE campaigns SET issued_quantity = issued_quantity + 1 WHERE id = $1", [campaignId]);
  await db.query(
    "INSERT INTO user_coupons (id, campaign_id, user_id, status, issued_at, expires_at) VALUES ($1, $2, $3, 'AVAILABLE', now(), now() + interval '30 days')",
    [id, campaignId, userId],
  );
  return id;
}

export type InsertOrder = {
  userId: string;
  items: { product: RowProduct; quantity: number }[];
  /** Unpaid orders are pending. */
  paid?: boolean;
  at?: string;
  coupon?: { userCouponId: string; amount: number };
};

/** Inserts an order, paid from the balance or pending, with its first event. Uses several statements; pass a transaction if that matters. */
export async function insertOrder(
  db: Queryable,
  { userId, items, paid = true, at = new Date().toISOString(), coupon }: InsertOrder,
): Promise<RowOrder> {
  const id = newOrderId(Date.now());
  const total = items.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);
  const discount = coupon?.amount ?? 0;
  const lineItems = items.map(({ product, quantity }) => ({
    variantId: product.variantId,
    productId: product.id,
    name: product.name,
    unitPrice: product.price,
    quantity,
  }));
  const expiry = paid ? "NULL" : "$7::timestamptz + interval '30 minutes'";
  await db.query(
    `INSERT INTO orders (id, user_id, status, items, changes, user_coupon_id, total_amount, discount_amount, created_at, expires_at, xid)
     VALUES ($1, $2, 'PENDING', $3, 1, $4, $5, $6, $7, ${expiry}, shop_xid(pg_current_xact_id()))`,
    [id, userId, JSON.stringify(lineItems), coupon?.userCouponId ?? null, total, discount, at],
  );
  const order = { id, userId, items, discount, seq: 1 };
  if (paid) await settle(db, order, at);
  return order;
}

/** Pays a pending order from the balance. */
export async function payOrder(db: Queryable, order: RowOrder, at = new Date().toISOString()): Promise<void> {
  await settle(db, order, at);
  await nextEvent(db, order, "order.completed");
}

async function settle(db: Queryable, { id, userId, items, discount }: RowOrder, at: string): Promise<void> {
  const amount = items.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0) - discount;
  for (const { product, quantity } of items) await db.query("UPDATE variants SET stock = stock - $2 WHERE id = $1", [product.variantId, quantity]);
  await moveMoney(db, userId, "PAYMENT", -amount, id);
  await db.query(
    "UPDATE user_coupons SET status = 'USED', used_at = $2, order_id = $1 WHERE id = (SELECT user_coupon_id FROM orders WHERE id = $1)",
    [id, at],
  );
  await db.query("UPDATE orders SET status = 'COMPLETED', completed_at = $2, paid_at = $2, payment_id = $3 WHERE id = $1", [
    id,
    at,
    newId(Date.now()),
  ]);
}

/** Refunds units of a paid order. @param amounts refunded per line item; required for a discounted order */
export async function refundOrder(
  db: Queryable,
  order: RowOrder,
  units: { product: RowProduct; quantity: number }[],
  reason = "changed my mind",
  amounts: number[] = units.map(({ product, quantity }) => product.price * quantity),
): Promise<void> {
  const amount = amounts.reduce((sum, one) => sum + one, 0);
  for (const { product, quantity } of units) {
    await db.query("UPDATE variants SET stock = stock + $2 WHERE id = $1", [product.variantId, quantity]);
    await db.query(
      `UPDATE orders SET items = (
         SELECT jsonb_agg(CASE WHEN item ->> 'variantId' = $2 THEN item || jsonb_build_object('refundedQuantity', coalesce((item ->> 'refundedQuantity')::int, 0) + $3::int) ELSE item END ORDER BY place)
         FROM jsonb_array_elements(items) WITH ORDINALITY i(item, place)) WHERE id = $1`,
      [order.id, product.variantId, quantity],
    );
  }
  await moveMoney(db, order.userId, "REFUND", amount, order.id);
  const left = await db.query<{ left: string }>("SELECT sum(quantity - refunded_quantity) AS left FROM order_items WHERE order_id = $1", [order.id]);
  const whole = Number(left.rows[0]?.left) === 0;
  const status = whole ? "REFUNDED" : "PARTIALLY_REFUNDED";
  await db.query("UPDATE orders SET status = $2, refunded_amount = refunded_amount + $3 WHERE id = $1", [order.id, status, amount]);
  const items = units.map(({ product, quantity }, i) => ({
    variantId: product.variantId,
    productId: product.id,
    quantity,
    unitPrice: product.price,
    amount: amounts[i],
  }));
  await nextEvent(db, order, whole ? "order.refunded" : "order.partially-refunded", { items, amount, reason, customerReason: null });
}

export async function cancelOrder(db: Queryable, order: RowOrder): Promise<void> {
  await db.query("UPDATE orders SET status = 'CANCELLED' WHERE id = $1", [order.id]);
  await nextEvent(db, order, "order.cancelled");
}

export async function moveMoney(db: Queryable, userId: string, type: "PAYMENT" | "REFUND", amount: number, orderId: string): Promise<void> {
  if (amount === 0) return;
  await db.query(
    `WITH wallet AS (UPDATE users SET balance = balance + $3, version = version + 1 WHERE id = $1 RETURNING balance, version)
     INSERT INTO balance_transactions (user_id, version, id, type, status, amount, balance_after, order_id, created_at) SELECT $1, version, $4, $2, 'COMPLETED', $3, balance, $5, now() FROM wallet`,
    [userId, type, amount, newId(Date.now()), orderId],
  );
}

async function nextEvent(db: Queryable, order: RowOrder, type: string, data: unknown = null): Promise<void> {
  order.seq++;
  await db.query("UPDATE orders SET changes = $2 WHERE id = $1", [order.id, order.seq]);
  await insertEvent(db, order, type, data);
}

async function insertEvent(db: Queryable, order: RowOrder, type: string, data: unknown = null): Promise<void> {
  await db.query("INSERT INTO order_events (order_id, seq, type, data, created_at) VALUES ($1, $2, $3, $4, now())", [
    order.id,
    order.seq,
    type,
    data === null ? null : JSON.stringify(data),
  ]);
}

/** Runs `work` in one transaction on a connection of the pool. */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}
