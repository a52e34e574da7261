// The statements of one order in the textbook baseline: the same rows as the till's, one order at a time.

import type { Statement } from "../../src/database/statement.ts";
import { newId, newOrderId } from "../../src/ids.ts";
import { idOf } from "../support/ids.ts";
import { FIXTURES } from "../support/fixtures.ts";
import type { BenchOrder } from "./orders.ts";

/** The values that one order writes, fixed before its transaction begins. */
export type Entry = {
  userId: string;
  productId: string;
  variantId: string;
  orderId: string;
  transactionId: string;
  name: string;
  price: number;
  at: string;
};

export function entryOf({ user, products: [product = 0] }: BenchOrder): Entry {
  const now = Date.now();
  return {
    userId: idOf("user", user),
    productId: idOf("product", product),
    variantId: idOf("variant", product),
    orderId: newOrderId(now),
    transactionId: newId(now),
    name: `product ${product}`,
    price: FIXTURES.price,
    at: new Date(now).toISOString(),
  };
}

export const readProduct = ({ productId }: Entry): Statement => ({
  name: "product",
  text: "SELECT id, name, status, price FROM products WHERE id = $1",
  values: [productId],
});

export const lockStock = ({ variantId }: Entry): Statement => ({
  name: "lock stock",
  text: "SELECT id, price, stock FROM variants WHERE id = $1 FOR UPDATE",
  values: [variantId],
});

/** Checks and changes in one statement, so that the row is locked only for that statement and the commit. */
export const takeStock = ({ variantId }: Entry): Statement => ({
  name: "take stock",
  text: "UPDATE variants SET stock = stock - 1 WHERE id = $1 AND stock >= 1 RETURNING stock",
  values: [variantId],
});

export const lockWallet = ({ userId }: Entry): Statement => ({
  name: "lock wallet",
  text: "SELECT id, balance, version FROM users WHERE id = $1 FOR UPDATE",
  values: [userId],
});

export const pay = ({ userId, price }: Entry): Statement => ({
  name: "pay",
  text: "UPDATE users SET balance = balance - $2, version = version + 1 WHERE id = $1 AND balance >= $2 RETURNING balance, version",
  values: [userId, price],
});

export const insertTransaction = (entry: Entry, wallet: { balance: number; version: number }): Statement => ({
  name: "transaction",
  text: `INSERT INTO balance_transactions (user_id, version, id, type, status, amount, balance_after, order_id, created_at)
         VALUES ($1, $2, $3, 'PAYMENT', 'COMPLETED', $4, $5, $6, $7)`,
  values: [entry.userId, wallet.version, entry.transactionId, -entry.price, wallet.balance, entry.orderId, entry.at],
});

export const insertOrder = (entry: Entry): Statement => ({
  name: "order",
  text: `INSERT INTO orders (id, user_id, status, items, changes, total_amount, discount_amount, created_at, completed_at, paid_at, xid)
         VALUES ($1, $2, 'COMPLETED', $3, 1, $4, 0, $5, $5, $5, pg_current_xact_id())`,
  values: [entry.orderId, entry.userId, itemsOf(entry), entry.price, entry.at],
});

function itemsOf({ variantId, productId, name, price }: Entry): string {
  return JSON.stringify([{ variantId, productId, name, unitPrice: price, quantity: 1 }]);
}

/** The same in one call. The hot row is updated last, so it is locked only for the commit. */
export const PLACE_ORDER = `
CREATE FUNCTION textbook_order(the_user uuid, product uuid, variant uuid, the_order uuid, transaction uuid, item_name text, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  cost bigint;
  wallet record;
BEGIN
  SELECT p.price INTO cost FROM products p WHERE p.id = product AND p.status = 'ON_SALE';
  IF NOT FOUND THEN RAISE EXCEPTION 'not for sale'; END IF;
  UPDATE users SET balance = balance - cost, version = version + 1 WHERE id = the_user AND balance >= cost RETURNING balance, version INTO wallet;
  IF NOT FOUND THEN RAISE EXCEPTION 'no money'; END IF;
  INSERT INTO balance_transactions (user_id, version, id, type, status, amount, balance_after, order_id, created_at)
    VALUES (the_user, wallet.version, transaction, 'PAYMENT', 'COMPLETED', -cost, wallet.balance, the_order, at);
  INSERT INTO orders (id, user_id, status, items, changes, total_amount, discount_amount, created_at, completed_at, paid_at, xid)
    VALUES (the_order, the_user, 'COMPLETED', jsonb_build_array(jsonb_build_object('variantId', variant, 'productId', product, 'name', item_name, 'unitPrice', cost, 'quantity', 1)),
      1, cost, 0, at, at, at, pg_current_xact_id());
  UPDATE variants SET stock = stock - 1 WHERE id = variant AND stock >= 1;
  IF NOT FOUND THEN RAISE EXCEPTION 'sold out'; END IF;
END $$`;

export const callPlaceOrder = (entry: Entry): Statement => ({
  name: "place order",
  text: "SELECT textbook_order($1, $2, $3, $4, $5, $6, $7)",
  values: [entry.userId, entry.productId, entry.variantId, entry.orderId, entry.transactionId, entry.name, entry.at],
});
