import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { audit, CHECKS, type Violation } from "../../src/audit/audit.ts";
import { Database } from "../../src/database/pool.ts";
import { newId, newOrderId } from "../../src/ids.ts";
import { aggregateSales } from "../../src/popular/aggregate-sales.ts";
import { freshDatabase } from "../support/database.ts";
import {
  cancelOrder,
  inTransaction,
  insertCampaign,
  insertOrder,
  insertProduct,
  insertUser,
  insertUserCoupon,
  payOrder,
  refundOrder,
  type RowOrder,
  type RowProduct,
} from "../support/rows.ts";

const ZONE = "Asia/Seoul";
const DROP = newId(Date.now());
let database: Database;
let drop: () => Promise<void>;
let shop: Awaited<ReturnType<typeof openShop>>;

before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  database = new Database(fresh.url, { size: 4, onError: () => {} });
  shop = await openShop();
});
after(async () => {
  await database.close();
  await drop();
});

/**
 * A shop with one of everything: orders in each status, a used and an unused coupon, a payment in
 * progress, refunds before and after the aggregation.
 */
async function openShop(): Promise<{
  buyer: string;
  apple: RowProduct;
  pear: RowProduct;
  campaign: string;
  sold: RowOrder;
  partly: RowOrder;
  refunded: RowOrder;
  waiting: RowOrder;
  card: RowOrder;
  used: string;
  spare: string;
}> {
  const db = database.pool;
  const buyer = await insertUser(db);
  const [apple, pear] = [await insertProduct(db), await insertProduct(db, { name: "배", price: 2500 })];
  const campaign = await insertCampaign(db);
  const [used, spare] = [await insertUserCoupon(db, campaign, buyer), await insertUserCoupon(db, campaign, await insertUser(db))];
  const sold = await insertOrder(db, {
    userId: buyer,
    items: [
      { product: apple, quantity: 3 },
      { product: pear, quantity: 1 },
    ],
    coupon: { userCouponId: used, amount: 500 },
  });
  const partly = await insertOrder(db, { userId: buyer, items: [{ product: apple, quantity: 4 }] });
  const refunded = await insertOrder(db, { userId: buyer, items: [{ product: pear, quantity: 2 }] });
  await refundOrder(db, partly, [{ product: apple, quantity: 1 }]);
  await aggregateSales(database, ZONE, 10_000);
  await refundOrder(db, partly, [{ product: apple, quantity: 2 }]);
  await refundOrder(db, refunded, [{ product: pear, quantity: 2 }]);
  const waiting = await insertOrder(db, { userId: buyer, items: [{ product: apple, quantity: 1 }], paid: false });
  await cancelOrder(db, await insertOrder(db, { userId: buyer, items: [{ product: apple, quantity: 9 }], paid: false }));
  await payOrder(db, await insertOrder(db, { userId: buyer, items: [{ product: pear, quantity: 1 }], paid: false }));
  // A card payment with an unknown outcome: its units are reserved.
  const card = await insertOrder(db, { userId: buyer, items: [{ product: pear, quantity: 5 }], paid: false });
  await db.query("INSERT INTO payments (id, order_id, method, status, amount, created_at) VALUES ($1, $2, 'CARD', 'UNKNOWN', 12500, now())", [
    newId(Date.now()),
    card.id,
  ]);
  await db.query("UPDATE variants SET stock = stock - 5 WHERE id = $1", [pear.variantId]);
  const fan = await insertUser(db);
  await insertDrop(fan, pear, await insertOrder(db, { userId: fan, items: [{ product: pear, quantity: 2 }] }));
  return { buyer, apple, pear, campaign, sold, partly, refunded, waiting, card, used, spare };
}

/** A drop in which one person has bought two pears, one holds three, and one waits for more than there are. */
async function insertDrop(buyer: string, pear: RowProduct, { id: orderId }: RowOrder): Promise<void> {
  const [holder, waiting] = [newId(Date.now()), newId(Date.now())];
  for (const [sql, values] of [
    [
      `INSERT INTO drops (id, name, product_id, mode, opens_at, limit_per_customer, hold_for, waitlist, version, number, created_at)
       VALUES ($1, 'n', $2, 'FIRST_COME', now(), NULL, 'PT5M', true, 1, 3, now())`,
      [DROP, pear.id],
    ],
    ...[
      [1, buyer, 2, "BOUGHT", orderId],
      [2, holder, 3, "HELD", null],
      [3, waiting, 1_000_000, "WAITING", null],
    ].flatMap(([number, person, quantity, status, order]) => [
      [
        `INSERT INTO drop_entries (drop_id, number, id, user_id, person, variant_id, quantity, status, held_until, order_id, created_at)
         VALUES ($1, $2, gen_random_uuid(), $3::uuid, $3, $4, $5, $6, now(), $7, now())`,
        [DROP, number, person, pear.variantId, quantity, status, order],
      ],
      ["INSERT INTO drop_people VALUES ($1, $2, $3, NULL, $4)", [DROP, person, quantity, number]],
    ]),
    ["INSERT INTO drop_sales VALUES ($1, $2, $3, 1, 2)", [orderId, DROP, buyer]],
    ["UPDATE variants SET stock = stock - 3 WHERE id = $1", [pear.variantId]],
  ] as [string, unknown[]][])
    await database.pool.query(sql, values);
}

/** The violations that the audit reports after these statements. */
async function violationsAfter(...damage: [sql: string, values?: unknown[]][]): Promise<Violation[]> {
  await inTransaction(database.pool, async (client) => {
    await client.query("SET session_replication_role = replica"); // This skips foreign keys.
    for (const [sql, values] of damage) await client.query(sql, values);
    await client.query("SET session_replication_role = DEFAULT");
  });
  return (await audit(database, ZONE)).violations;
}

test("a consistent shop has no violations, before and after an aggregation", async () => {
  const { violations, checkedAt } = await audit(database, ZONE);
  assert.deepEqual(violations, []);
  assert.match(checkedAt, /^\d{4}-\d\d-\d\dT.*Z$/);
  await aggregateSales(database, ZONE, 10_000);
  assert.deepEqual((await audit(database, ZONE)).violations, []);
});

/** Sets a member of an order's first line item. */
const setItem = (member: string): string => `UPDATE orders SET items = jsonb_set(items, '{0,${member}}', $2) WHERE id = $1`;
const UNKNOWN_ID = newId(Date.now());
const UNKNOWN_ORDER_ID = newOrderId(Date.now());

const parcelOf = (quantity: number): object => ({ id: UNKNOWN_ID, items: [{ variantId: shop.apple.variantId, quantity }] });
const setFulfilment = (orderId: string, fulfilment: object | null): [sql: string, values?: unknown[]][] => [
  ["UPDATE orders SET fulfilment = $2 WHERE id = $1", [orderId, fulfilment === null ? null : JSON.stringify(fulfilment)]],
];

type Planted = {
  invariant: number;
  what: RegExp;
  expected?: unknown;
  actual?: unknown;
  plant: () => [sql: string, values?: unknown[]][];
  undo: () => [sql: string, values?: unknown[]][];
};

/** Each kind of damage that the audit detects, with the reported violation. */
const DAMAGE: Record<string, Planted> = {
  "a balance without its transaction": {
    invariant: 1,
    what: /sum of its transactions/,
    expected: 991500,
    actual: 991501,
    plant: () => [["UPDATE users SET balance = balance + 1 WHERE id = $1", [shop.buyer]]],
    undo: () => [["UPDATE users SET balance = balance - 1 WHERE id = $1", [shop.buyer]]],
  },
  "a ledger row that does not follow the one before": {
    invariant: 1,
    what: /does not follow/,
    expected: 995000,
    actual: 994999,
    plant: () => [["UPDATE balance_transactions SET balance_after = balance_after - 1 WHERE user_id = $1 AND version = 2", [shop.buyer]]],
    undo: () => [["UPDATE balance_transactions SET balance_after = balance_after + 1 WHERE user_id = $1 AND version = 2", [shop.buyer]]],
  },
  "more money taken back than was granted before": {
    invariant: 1,
    what: /than had been granted/,
    expected: 0,
    actual: -5,
    plant: () => [
      ["INSERT INTO users (id, name, balance, version, created_at) VALUES ($1, '손님', 6, 3, now())", [UNKNOWN_ID]],
      ...[
        [1, "CHARGE", 5, 5],
        [2, "REVOKE", -5, 0],
        [3, "GRANT", 6, 6],
      ].map(([version, type, amount, after]): [sql: string, values: unknown[]] => [
        `INSERT INTO balance_transactions (user_id, version, id, type, status, amount, balance_after, created_at)
         VALUES ($1, $2, gen_random_uuid(), $3, 'COMPLETED', $4, $5, now())`,
        [UNKNOWN_ID, version, type, amount, after],
      ]),
    ],
    undo: () => [
      ["DELETE FROM balance_transactions WHERE user_id = $1", [UNKNOWN_ID]],
      ["DELETE FROM users WHERE id = $1", [UNKNOWN_ID]],
    ],
  },
  "a transaction of an unknown user": {
    invariant: 1,
    what: /transaction has no user/,
    plant: () => [
      [
        "INSERT INTO balance_transactions (user_id, version, id, type, status, amount, balance_after, created_at) VALUES ($1, 1, $1, 'GRANT', 'COMPLETED', 5, 5, now())",
        [UNKNOWN_ID],
      ],
    ],
    undo: () => [["DELETE FROM balance_transactions WHERE user_id = $1", [UNKNOWN_ID]]],
  },
  "a card charge without its transaction": {
    invariant: 1,
    what: /card charge/,
    expected: "PENDING",
    actual: null,
    plant: () => [
      [
        "INSERT INTO card_charges (id, user_id, version, status, amount, payment_key, created_at, ask_at) VALUES ($1, $2, 9999, 'PENDING', 5, 'k', now(), now())",
        [UNKNOWN_ID, shop.buyer],
      ],
    ],
    undo: () => [["DELETE FROM card_charges WHERE id = $1", [UNKNOWN_ID]]],
  },
  "a unit too many in stock": {
    invariant: 2,
    what: /sum of its adjustments/,
    expected: 996,
    actual: 997,
    plant: () => [["UPDATE variants SET stock = stock + 1 WHERE id = $1", [shop.apple.variantId]]],
    undo: () => [["UPDATE variants SET stock = stock - 1 WHERE id = $1", [shop.apple.variantId]]],
  },
  "a stock adjustment of an unknown variant": {
    invariant: 2,
    what: /adjustment is of a variant/,
    plant: () => [["INSERT INTO stock_adjustments VALUES ($1, $1, 5, 5, 'lost', now())", [UNKNOWN_ID]]],
    undo: () => [["DELETE FROM stock_adjustments WHERE id = $1", [UNKNOWN_ID]]],
  },
  "a line item with another product's variant": {
    invariant: 2,
    what: /line item is of a variant/,
    plant: () => [[setItem("productId"), [shop.waiting.id, JSON.stringify(shop.pear.id)]]],
    undo: () => [[setItem("productId"), [shop.waiting.id, JSON.stringify(shop.apple.id)]]],
  },
  "a cart of an unknown user": {
    invariant: 2,
    what: /cart holds/,
    plant: () => [["INSERT INTO cart_items VALUES ($1, $1, $2, $3, 1, now())", [UNKNOWN_ID, shop.apple.id, shop.apple.variantId]]],
    undo: () => [["DELETE FROM cart_items WHERE id = $1", [UNKNOWN_ID]]],
  },
  "a person's units in a drop without a cause": {
    invariant: 8,
    what: /person's units/,
    expected: 3,
    actual: 4,
    plant: () => [["UPDATE drop_people SET units = units + 1 WHERE drop_id = $1 AND entry = 2", [DROP]]],
    undo: () => [["UPDATE drop_people SET units = units - 1 WHERE drop_id = $1 AND entry = 2", [DROP]]],
  },
  "more units than a drop's limit": {
    invariant: 8,
    what: /than its limit/,
    plant: () => [["UPDATE drops SET limit_per_customer = 999999 WHERE id = $1", [DROP]]],
    undo: () => [["UPDATE drops SET limit_per_customer = NULL WHERE id = $1", [DROP]]],
  },
  "a sale in a drop with another number of units": {
    invariant: 8,
    what: /does not count/,
    plant: () => [
      ["UPDATE drop_sales SET units = 1 WHERE drop_id = $1", [DROP]],
      ["UPDATE drop_people SET units = 1 WHERE drop_id = $1 AND entry = 1", [DROP]],
    ],
    undo: () => [
      ["UPDATE drop_sales SET units = 2 WHERE drop_id = $1", [DROP]],
      ["UPDATE drop_people SET units = 2 WHERE drop_id = $1 AND entry = 1", [DROP]],
    ],
  },
  "a gap in the numbers of entries": {
    invariant: 8,
    what: /numbers of a drop's entries/,
    expected: 4,
    actual: 3,
    plant: () => [["UPDATE drops SET number = 4 WHERE id = $1", [DROP]]],
    undo: () => [["UPDATE drops SET number = 3 WHERE id = $1", [DROP]]],
  },
  "an entry that waits beside free stock": {
    invariant: 8,
    what: /waits while free stock/,
    plant: () => [
      ["UPDATE drop_entries SET quantity = 1 WHERE drop_id = $1 AND number = 3", [DROP]],
      ["UPDATE drop_people SET units = 1 WHERE drop_id = $1 AND entry = 3", [DROP]],
    ],
    undo: () => [
      ["UPDATE drop_entries SET quantity = 1000000 WHERE drop_id = $1 AND number = 3", [DROP]],
      ["UPDATE drop_people SET units = 1000000 WHERE drop_id = $1 AND entry = 3", [DROP]],
    ],
  },
  "an entry that waits after a draw at another place than its rank": {
    invariant: 8,
    what: /no place in the drawn line/,
    expected: 3,
    actual: null,
    plant: () => [
      [
        `UPDATE drops SET mode = 'DRAW', seed = repeat('0', 64), commitment = repeat('0', 64), closes_at = now(), entry_count = 1, drawn_at = now() WHERE id = $1`,
        [DROP],
      ],
      ["INSERT INTO draw_parts VALUES ($1, 0, '{3}', '', '', '{1}')", [DROP]],
      ["INSERT INTO draw_lines SELECT drop_id, variant_id, quantity, 2, 3 FROM drop_entries WHERE drop_id = $1 AND number = 3", [DROP]],
    ],
    undo: () => [
      [
        `UPDATE drops SET mode = 'FIRST_COME', seed = NULL, commitment = NULL, closes_at = NULL, entry_count = NULL, drawn_at = NULL WHERE id = $1`,
        [DROP],
      ],
      ["DELETE FROM draw_parts WHERE drop_id = $1", [DROP]],
      ["DELETE FROM draw_lines WHERE drop_id = $1", [DROP]],
    ],
  },
  "an entry that is ordered without its order": {
    invariant: 8,
    what: /status is not that of its order/,
    plant: () => [["UPDATE drop_entries SET order_id = $2 WHERE drop_id = $1 AND number = 1", [DROP, shop.waiting.id]]],
    undo: () => [
      ["UPDATE drop_entries SET order_id = (SELECT order_id FROM drop_sales WHERE drop_id = $1) WHERE drop_id = $1 AND number = 1", [DROP]],
    ],
  },
  "a live entry that is not the person's last": {
    invariant: 8,
    what: /another live entry/,
    plant: () => [["UPDATE drop_people SET entry = 1 WHERE drop_id = $1 AND entry = 3", [DROP]]],
    undo: () => [["UPDATE drop_people SET entry = 3 WHERE drop_id = $1 AND units = 1000000", [DROP]]],
  },
  "a unit of a hold that is still in stock": {
    invariant: 2,
    what: /sum of its adjustments/,
    plant: () => [["UPDATE variants SET stock = stock + 3 WHERE id = $1", [shop.pear.variantId]]],
    undo: () => [["UPDATE variants SET stock = stock - 3 WHERE id = $1", [shop.pear.variantId]]],
  },
  "an issued coupon that is not counted": {
    invariant: 3,
    what: /issued quantity/,
    expected: 2,
    actual: 1,
    plant: () => [["UPDATE campaigns SET issued_quantity = 1 WHERE id = $1", [shop.campaign]]],
    undo: () => [["UPDATE campaigns SET issued_quantity = 2 WHERE id = $1", [shop.campaign]]],
  },
  "two coupons of one campaign for one user": {
    invariant: 3,
    what: /more than one coupon/,
    expected: 1,
    actual: 2,
    plant: () => [
      ["ALTER TABLE user_coupons DROP CONSTRAINT user_coupons_campaign_id_user_id_key"],
      [
        "INSERT INTO user_coupons (id, campaign_id, user_id, status, issued_at) VALUES ($1, $2, $3, 'AVAILABLE', now())",
        [UNKNOWN_ID, shop.campaign, shop.buyer],
      ],
    ],
    undo: () => [["DELETE FROM user_coupons WHERE id = $1", [UNKNOWN_ID]], ["ALTER TABLE user_coupons ADD UNIQUE (campaign_id, user_id)"]],
  },
  "a coupon that is still used by a refunded order": {
    invariant: 3,
    what: /used coupon's order/,
    plant: () => [["UPDATE user_coupons SET status = 'USED', used_at = now(), order_id = $2 WHERE id = $1", [shop.spare, shop.refunded.id]]],
    undo: () => [["UPDATE user_coupons SET status = 'AVAILABLE', used_at = NULL, order_id = NULL WHERE id = $1", [shop.spare]]],
  },
  "an available coupon that an order uses": {
    invariant: 3,
    what: /order uses a coupon/,
    plant: () => [["UPDATE user_coupons SET status = 'AVAILABLE', used_at = NULL, order_id = NULL WHERE id = $1", [shop.used]]],
    undo: () => [["UPDATE user_coupons SET status = 'USED', used_at = now(), order_id = $2 WHERE id = $1", [shop.used, shop.sold.id]]],
  },
  "an order with another user's coupon": {
    invariant: 3,
    what: /another user's/,
    plant: () => [["UPDATE orders SET user_coupon_id = $2 WHERE id = $1", [shop.waiting.id, shop.spare]]],
    undo: () => [["UPDATE orders SET user_coupon_id = NULL WHERE id = $1", [shop.waiting.id]]],
  },
  "a coupon of an unknown user": {
    invariant: 3,
    what: /coupon is of a campaign or a user/,
    plant: () => [["INSERT INTO user_coupons (id, campaign_id, user_id, status, issued_at) VALUES ($1, $1, $1, 'AVAILABLE', now())", [UNKNOWN_ID]]],
    undo: () => [["DELETE FROM user_coupons WHERE id = $1", [UNKNOWN_ID]]],
  },
  "an order that costs more than its line items": {
    invariant: 4,
    what: /sum of its line items/,
    expected: 4000,
    actual: 4001,
    plant: () => [["UPDATE orders SET total_amount = total_amount + 1 WHERE id = $1", [shop.partly.id]]],
    undo: () => [["UPDATE orders SET total_amount = total_amount - 1 WHERE id = $1", [shop.partly.id]]],
  },
  "a line item without units": {
    invariant: 4,
    what: /has no units/,
    plant: () => [[setItem("refundedQuantity"), [shop.waiting.id, "-1"]]],
    undo: () => [[setItem("refundedQuantity"), [shop.waiting.id, "0"]]],
  },
  "a completed order without a payment": {
    invariant: 4,
    what: /exactly one settled payment/,
    expected: "COMPLETED",
    actual: [],
    plant: () => [["UPDATE orders SET paid_at = NULL WHERE id = $1", [shop.sold.id]]],
    undo: () => [["UPDATE orders SET paid_at = completed_at WHERE id = $1", [shop.sold.id]]],
  },
  "an unpaid order with a settled payment": {
    invariant: 4,
    what: /unpaid one has any/,
    expected: "PENDING",
    actual: ["COMPLETED"],
    plant: () => [
      [
        "INSERT INTO payments (id, order_id, method, status, amount, created_at) VALUES ($1, $2, 'CARD', 'COMPLETED', 1000, now())",
        [UNKNOWN_ID, shop.waiting.id],
      ],
    ],
    undo: () => [["DELETE FROM payments WHERE id = $1", [UNKNOWN_ID]]],
  },
  "a payment of less than the order's amount": {
    invariant: 4,
    what: /^a payment is not of its order/,
    expected: 12_500,
    actual: 12_499,
    plant: () => [["UPDATE payments SET amount = amount - 1 WHERE order_id = $1", [shop.card.id]]],
    undo: () => [["UPDATE payments SET amount = amount + 1 WHERE order_id = $1", [shop.card.id]]],
  },
  "a failed payment of more than the order's amount": {
    invariant: 4,
    what: /^a failed payment/,
    expected: 1000,
    actual: 1001,
    plant: () => [
      [
        "INSERT INTO payments (id, order_id, method, status, amount, created_at) VALUES ($1, $2, 'CARD', 'FAILED', 1001, now())",
        [UNKNOWN_ID, shop.waiting.id],
      ],
    ],
    undo: () => [["DELETE FROM payments WHERE id = $1", [UNKNOWN_ID]]],
  },
  "a balance payment without its transaction": {
    invariant: 4,
    what: /balance did not pay/,
    expected: 5000,
    actual: 0,
    plant: () => [["UPDATE balance_transactions SET order_id = NULL WHERE order_id = $1 AND type = 'PAYMENT'", [shop.sold.id]]],
    undo: () => [
      ["UPDATE balance_transactions SET order_id = $1 WHERE user_id = $2 AND type = 'PAYMENT' AND order_id IS NULL", [shop.sold.id, shop.buyer]],
    ],
  },
  "an order of an unknown user": {
    invariant: 4,
    what: /order has no user/,
    plant: () => [["UPDATE orders SET user_id = $2 WHERE id = $1", [shop.waiting.id, UNKNOWN_ID]]],
    undo: () => [["UPDATE orders SET user_id = $2 WHERE id = $1", [shop.waiting.id, shop.buyer]]],
  },
  "a payment in progress of an unknown order": {
    invariant: 4,
    what: /payment is of an order/,
    plant: () => [
      [
        "INSERT INTO payments (id, order_id, method, status, amount, created_at) VALUES ($1, $2, 'CARD', 'UNKNOWN', 1, now())",
        [UNKNOWN_ID, UNKNOWN_ORDER_ID],
      ],
    ],
    undo: () => [["DELETE FROM payments WHERE id = $1", [UNKNOWN_ID]]],
  },
  "a payment of an unknown order": {
    invariant: 4,
    what: /payment is of an order/,
    plant: () => [
      [
        "INSERT INTO payments (id, order_id, method, status, amount, created_at) VALUES ($1, $2, 'CARD', 'FAILED', 1, now())",
        [UNKNOWN_ID, UNKNOWN_ORDER_ID],
      ],
    ],
    undo: () => [["DELETE FROM payments WHERE id = $1", [UNKNOWN_ID]]],
  },
  "a refund without its event": {
    invariant: 5,
    what: /refund exceeds its payment/,
    expected: 0,
    actual: 700,
    plant: () => [["UPDATE orders SET refunded_amount = 700 WHERE id = $1", [shop.sold.id]]],
    undo: () => [["UPDATE orders SET refunded_amount = 0 WHERE id = $1", [shop.sold.id]]],
  },
  "a unit that was refunded twice": {
    invariant: 5,
    what: /returned units exceed/,
    expected: 3,
    actual: 2,
    plant: () => [[setItem("refundedQuantity"), [shop.partly.id, "2"]]],
    undo: () => [[setItem("refundedQuantity"), [shop.partly.id, "3"]]],
  },
  "a fully refunded order with another status": {
    invariant: 5,
    what: /status does not match its returned units/,
    expected: "REFUNDED",
    actual: "PARTIALLY_REFUNDED",
    plant: () => [["UPDATE orders SET status = 'PARTIALLY_REFUNDED' WHERE id = $1", [shop.refunded.id]]],
    undo: () => [["UPDATE orders SET status = 'REFUNDED' WHERE id = $1", [shop.refunded.id]]],
  },
  "a fully refunded order with less than its amount refunded": {
    invariant: 5,
    what: /not all of its money/,
    expected: 5000,
    actual: 4999,
    plant: () => [["UPDATE orders SET refunded_amount = refunded_amount - 1 WHERE id = $1", [shop.refunded.id]]],
    undo: () => [["UPDATE orders SET refunded_amount = refunded_amount + 1 WHERE id = $1", [shop.refunded.id]]],
  },
  "an open capture that settlement never asks about": {
    invariant: 5,
    what: /is not scheduled/,
    actual: "PENDING",
    plant: () => [
      [
        "INSERT INTO stray_money (id, payment_key, amount, reason, status, created_at) VALUES ($1, 'k', 5, 'AMOUNT_MISMATCH', 'PENDING', now())",
        [UNKNOWN_ID],
      ],
    ],
    undo: () => [["DELETE FROM stray_money WHERE id = $1", [UNKNOWN_ID]]],
  },
  "a balance refund without its transaction": {
    invariant: 5,
    what: /refund to the balance/,
    expected: 5000,
    actual: 0,
    plant: () => [["UPDATE balance_transactions SET order_id = NULL WHERE order_id = $1 AND type = 'REFUND'", [shop.refunded.id]]],
    undo: () => [
      ["UPDATE balance_transactions SET order_id = $1 WHERE user_id = $2 AND type = 'REFUND' AND order_id IS NULL", [shop.refunded.id, shop.buyer]],
    ],
  },
  "a change of an order without its event": {
    invariant: 6,
    what: /one event per change/,
    expected: 1,
    actual: 0,
    plant: () => [["UPDATE orders SET xid = NULL WHERE id = $1", [shop.waiting.id]]],
    undo: () => [["UPDATE orders SET xid = pg_current_xact_id() WHERE id = $1", [shop.waiting.id]]],
  },
  "an event of another change": {
    invariant: 6,
    what: /does not match its status/,
    expected: "order.placed",
    actual: "order.completed",
    plant: () => [["UPDATE orders SET expires_at = NULL WHERE id = $1", [shop.waiting.id]]],
    undo: () => [["UPDATE orders SET expires_at = now() + interval '1 day' WHERE id = $1", [shop.waiting.id]]],
  },
  "an event of an unknown order": {
    invariant: 6,
    what: /event is of an order/,
    plant: () => [["INSERT INTO order_events (order_id, seq, type, created_at) VALUES ($1, 1, 'order.placed', now())", [UNKNOWN_ORDER_ID]]],
    undo: () => [["DELETE FROM order_events WHERE order_id = $1", [UNKNOWN_ORDER_ID]]],
  },
  "a delivery retry of an unknown event": {
    invariant: 6,
    what: /delivery retry is of an event/,
    plant: () => [
      ["INSERT INTO letters (sink, order_id, seq, status, attempts, next_attempt_at) VALUES ('file', $1, 1, 'DEAD', 8, now())", [UNKNOWN_ORDER_ID]],
    ],
    undo: () => [["DELETE FROM letters WHERE order_id = $1", [UNKNOWN_ORDER_ID]]],
  },
  "a card refund that is missing in its order": {
    invariant: 5,
    what: /refund to the card/,
    expected: 0,
    actual: 5,
    plant: () => [
      [
        "INSERT INTO refunds (id, order_id, payment_id, payment_key, status, amount, pieces, reason, created_at, settled_at) VALUES ($1, $2, $1, 'k', 'COMPLETED', 5, '[]', 'lost', now(), now())",
        [UNKNOWN_ID, shop.waiting.id],
      ],
    ],
    undo: () => [["DELETE FROM refunds WHERE id = $1", [UNKNOWN_ID]]],
  },
  "more units shipped than bought": {
    invariant: 5,
    what: /shipped and refunded before shipment/,
    expected: 4,
    actual: 5,
    plant: () => setFulfilment(shop.partly.id, { shipments: [parcelOf(2)] }),
    undo: () => setFulfilment(shop.partly.id, null),
  },
  "a return of a unit that was never shipped": {
    invariant: 5,
    what: /refunded after shipment exceed those shipped/,
    expected: 1,
    actual: 2,
    plant: () => setFulfilment(shop.partly.id, { shipments: [parcelOf(1)], returned: { [shop.apple.variantId]: 2 } }),
    undo: () => setFulfilment(shop.partly.id, null),
  },
  "a unit written off without a refund": {
    invariant: 2,
    what: /written off exceed/,
    expected: 3,
    actual: 4,
    plant: () => setFulfilment(shop.partly.id, { shipments: [], writtenOff: { [shop.apple.variantId]: 4 } }),
    undo: () => setFulfilment(shop.partly.id, null),
  },
  "a written off unit that is in stock": {
    invariant: 2,
    what: /stock is not the sum/,
    expected: 995,
    actual: 996,
    plant: () => setFulfilment(shop.partly.id, { shipments: [], writtenOff: { [shop.apple.variantId]: 1 } }),
    undo: () => setFulfilment(shop.partly.id, null),
  },
  "a received return without a refund": {
    invariant: 5,
    what: /received returns exceed/,
    expected: 0,
    actual: 1,
    plant: () => [
      [
        "INSERT INTO returns (id, order_id, status, pieces, reason, created_at) VALUES ($1, $2, 'RECEIVED', $3, 'lost', now())",
        [UNKNOWN_ID, shop.partly.id, JSON.stringify([{ shipmentId: UNKNOWN_ID, variantId: shop.apple.variantId, quantity: 1 }])],
      ],
    ],
    undo: () => [["DELETE FROM returns WHERE id = $1", [UNKNOWN_ID]]],
  },
  "a parcel without its event": {
    invariant: 6,
    what: /parcels are not those of its events/,
    expected: 0,
    actual: 1,
    plant: () => setFulfilment(shop.partly.id, { shipments: [parcelOf(1)] }),
    undo: () => setFulfilment(shop.partly.id, null),
  },
  "a shipped order without a parcel": {
    invariant: 6,
    what: /fulfilment status does not match/,
    actual: "SHIPPED",
    plant: () => [["UPDATE orders SET fulfilment_status = 'SHIPPED' WHERE id = $1", [shop.partly.id]]],
    undo: () => [["UPDATE orders SET fulfilment_status = NULL WHERE id = $1", [shop.partly.id]]],
  },
  "aggregated sales without orders": {
    invariant: 7,
    what: /aggregated sales/,
    expected: { units: 4, revenue: 10_000 },
    actual: { units: 5, revenue: 10_000 },
    plant: () => [["UPDATE product_sales SET units = units + 1 WHERE product_id = $1", [shop.pear.id]]],
    undo: () => [["UPDATE product_sales SET units = units - 1 WHERE product_id = $1", [shop.pear.id]]],
  },
  "net sales that were not paid": {
    invariant: 7,
    what: /net sales differ/,
    plant: () => [["UPDATE product_sales SET net = net + 1 WHERE product_id = $1", [shop.pear.id]]],
    undo: () => [["UPDATE product_sales SET net = net - 1 WHERE product_id = $1", [shop.pear.id]]],
  },
  "an order too many on a day": {
    invariant: 7,
    what: /number of a day's orders/,
    plant: () => [["UPDATE sales_days SET orders = orders + 1"]],
    undo: () => [["UPDATE sales_days SET orders = orders - 1"]],
  },
  "aggregated sales of a day without orders": {
    invariant: 7,
    what: /aggregated sales/,
    expected: { units: 0, revenue: 0 },
    actual: { units: 4, revenue: 0 },
    plant: () => [["INSERT INTO product_sales VALUES ('2020-01-01', $1, 4, 0)", [shop.pear.id]]],
    undo: () => [["DELETE FROM product_sales WHERE day = '2020-01-01'"]],
  },
  "aggregated sales of an unknown product": {
    invariant: 7,
    what: /product that does not exist/,
    plant: () => [["INSERT INTO product_sales VALUES ('2020-01-01', $1, 0, 0)", [UNKNOWN_ID]]],
    undo: () => [["DELETE FROM product_sales WHERE day = '2020-01-01'"]],
  },
  // journal-chain.test.ts has more of them.
  "an entry of the journal with another hash": {
    invariant: 9,
    what: /hash/,
    actual: "h",
    plant: () => [["INSERT INTO journal_entries VALUES (1, '{}', 'h')"]],
    undo: () => [["DELETE FROM journal_entries"]],
  },
  "entries missing in the journal": {
    invariant: 9,
    what: /missing/,
    expected: 1,
    actual: 2,
    plant: () => [["INSERT INTO journal_entries VALUES (2, '{}', 'h')"]],
    undo: () => [["DELETE FROM journal_entries"]],
  },
  "the end of the journal missing": {
    invariant: 9,
    what: /does not end/,
    expected: 3,
    actual: 0,
    plant: () => [["UPDATE journal_ends SET seq = 3 WHERE name = 'head'"]],
    undo: () => [["UPDATE journal_ends SET seq = 0 WHERE name = 'head'"]],
  },
};

// Each test fails without the check of that name in src/audit.
for (const [damage, { invariant, what, plant, undo, ...sums }] of Object.entries(DAMAGE)) {
  test(`the audit finds ${damage}`, async () => {
    const violations = await violationsAfter(...plant());
    const repaired = await violationsAfter(...undo());
    const found = violations.find((violation) => violation.invariant === invariant && what.test(violation.what));
    assert.ok(found, JSON.stringify(violations));
    for (const [name, sum] of Object.entries(sums)) assert.deepEqual(found[name], sum, name);
    assert.deepEqual(repaired, []);
  });
}

// The LIMIT in audit.ts bounds them.
test("the audit reports at most a hundred violations per invariant, without hiding other invariants", async () => {
  const violations = await violationsAfter(
    ["INSERT INTO stock_adjustments SELECT gen_random_uuid(), gen_random_uuid(), 1, 1, 'lost', now() FROM generate_series(1, 150)"],
    ["INSERT INTO order_events (order_id, seq, type, created_at) VALUES ($1, 1, 'order.placed', now())", [UNKNOWN_ORDER_ID]],
  );
  assert.deepEqual(
    Object.entries(Object.groupBy(violations, ({ invariant }) => invariant)).map(([invariant, all]) => [invariant, all?.length]),
    [
      ["2", 100],
      ["6", 1],
    ],
  );
});

test("each check of the audit has a damage that it detects", () => {
  const uncovered = CHECKS.filter(
    (check) => !Object.values(DAMAGE).some(({ invariant, what }) => invariant === check.invariant && what.test(check.what)),
  );
  assert.deepEqual(uncovered, []);
});
