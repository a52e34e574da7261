import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Database } from "../../src/database/pool.ts";
import { aggregateSales } from "../../src/popular/aggregate-sales.ts";
import { addDays, dayOf } from "../../src/popular/day.ts";
import { findPopularProducts, popularAnswer } from "../../src/popular/popular-products.ts";
import { listSales } from "../../src/popular/sales.ts";
import { snapshotPopular } from "../../src/popular/snapshot-popular.ts";
import { freshDatabase } from "../support/database.ts";
import { cancelOrder, inTransaction, insertOrder, insertProduct, insertUser, refundOrder, type RowOrder, type RowProduct } from "../support/rows.ts";

const ZONE = "Asia/Seoul";
/** Half past midnight in the shop's time zone. In UTC it is still the day before. */
const NOW = Date.parse("2026-11-19T15:30:00Z");
const ALL = { from: null, to: null, limit: 100 };

let database: Database;
let drop: () => Promise<void>;
let buyer: string;

before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  database = new Database(fresh.url, { size: 6, onError: () => {} });
  buyer = await insertUser(database.pool, 1_000_000_000);
});
beforeEach(async () => {
  await database.pool.query(
    "TRUNCATE orders, order_events, payments, product_sales, sales_days, popular_snapshots, products, variants, stock_adjustments CASCADE",
  );
});
after(async () => {
  await database.close();
  await drop();
});

function sell(product: RowProduct, quantity: number, at = "2026-11-20T00:30:00+09:00"): Promise<RowOrder> {
  return inTransaction(database.pool, (client) => insertOrder(client, { userId: buyer, items: [{ product, quantity }], at }));
}

const product = (name: string, options: { stock?: number; status?: string; price?: number } = {}): Promise<RowProduct> =>
  insertProduct(database.pool, { name, ...options });

/** Other test files run transactions on the same server, so this waits for those first. */
const aggregate = (): ReturnType<typeof aggregateSales> => aggregateSales(database, ZONE, 10_000);

async function salesRows(): Promise<unknown[]> {
  return (
    await database.pool.query(
      "SELECT s.day, p.name, s.units, s.revenue FROM product_sales s JOIN products p ON p.id = s.product_id ORDER BY s.day, p.name",
    )
  ).rows;
}

// The test fails without ON CONFLICT … DO UPDATE in ADD_SALES, and if the day is the UTC day.
test("document 4, 7: an aggregation adds to existing rows, creates new ones, and without orders only moves the checkpoint", async () => {
  const [apple, pear] = [await product("사과"), await product("배", { price: 2500 })];
  await sell(apple, 2);
  await sell(apple, 3, "2026-11-19T23:59:59+09:00");
  assert.deepEqual(await aggregate(), { events: 2, rowsMade: 2, rowsAdded: 0 });
  await sell(apple, 1);
  await sell(pear, 4);
  assert.deepEqual(await aggregate(), { events: 2, rowsMade: 1, rowsAdded: 1 });
  const rows = [
    { day: "2026-11-19", name: "사과", units: 3, revenue: 3000 },
    { day: "2026-11-20", name: "배", units: 4, revenue: 10000 },
    { day: "2026-11-20", name: "사과", units: 3, revenue: 3000 },
  ];
  assert.deepEqual(await salesRows(), rows);

  const before = await checkpoint();
  await insertOrder(database.pool, { userId: buyer, items: [{ product: apple, quantity: 7 }], paid: false });
  assert.deepEqual(await aggregate(), { events: 0, rowsMade: 0, rowsAdded: 0 });
  assert.deepEqual(await salesRows(), rows);
  const now = await checkpoint();
  assert.ok(now.xid > before.xid && now.at > before.at);
});

async function checkpoint(): Promise<{ xid: bigint; at: number }> {
  const { rows } = await database.pool.query<{ xid: string; at: number }>("SELECT xid::text, at FROM checkpoints");
  return { xid: BigInt(rows[0]?.xid ?? 0), at: rows[0]?.at ?? 0 };
}

// aggregateSales waits for running transactions (waitForRunningTransactions).
test("an aggregation includes every earlier sale, even if another transaction is still running", async () => {
  await sell(await product("사과"), 2);
  const slow = await database.pool.connect();
  await slow.query("BEGIN; SELECT pg_current_xact_id()");
  await sell(await product("배"), 1);
  setTimeout(() => void slow.query("COMMIT").then(() => slow.release()), 200);
  assert.equal((await aggregateSales(database, ZONE, 10_000)).events, 2);
});

test("a sale whose transaction commits late is counted exactly once", async () => {
  const apple = await product("사과");
  const slow = await database.pool.connect();
  await slow.query("BEGIN");
  await insertOrder(slow, {
    userId: await insertUser(slow),
    items: [{ product: await insertProduct(slow, { name: "늦은 배" }), quantity: 5 }],
    at: "2026-11-20T00:30:00+09:00",
  });
  await sell(apple, 2);
  assert.equal((await aggregateSales(database, ZONE, 100)).events, 0);
  await slow.query("COMMIT");
  slow.release();
  assert.equal((await aggregate()).events, 2);
  assert.equal((await aggregate()).events, 0);
  assert.deepEqual(
    (await listSales(database, ALL)).sales.map(({ name, units }) => [name, units]),
    [
      ["늦은 배", 5],
      ["사과", 2],
    ],
  );
});

// Both would count the same events without FOR UPDATE on the checkpoint.
test("concurrent aggregations count each event once", async () => {
  const apple = await product("사과");
  for (let i = 0; i < 20; i++) await sell(apple, 1);
  const runs = await Promise.all([1, 2, 3, 4].map(() => aggregate()));
  assert.equal(
    runs.reduce((sum, { events }) => sum + events, 0),
    20,
  );
  assert.deepEqual(
    (await listSales(database, ALL)).sales.map(({ units }) => units),
    [20],
  );
});

// The test fails without the second half of `moved`, if a refund counts on its own day, and without
// HAVING in the lists.
test("refunded units are subtracted on the day of their sale, and fully refunded products are not listed", async () => {
  const [apple, pear] = [await product("사과"), await product("배")];
  const yesterday = "2026-11-19T12:00:00+09:00";
  const [partly, whole] = [await sell(apple, 5, yesterday), await sell(pear, 3, yesterday)];
  await aggregate();
  await refundOrder(database.pool, partly, [{ product: apple, quantity: 2 }]);
  await refundOrder(database.pool, whole, [{ product: pear, quantity: 3 }]);
  const never = await insertOrder(database.pool, { userId: buyer, items: [{ product: pear, quantity: 9 }], paid: false });
  await cancelOrder(database.pool, never);
  await aggregate();
  assert.deepEqual(await salesRows(), [
    { day: "2026-11-19", name: "배", units: 0, revenue: 0 },
    { day: "2026-11-19", name: "사과", units: 3, revenue: 3000 },
  ]);
  assert.deepEqual((await listSales(database, ALL)).sales, [
    { productId: apple.id, name: "사과", units: 3, revenue: 3000, discount: 0, refunded: 2000, net: 3000 },
  ]);
  assert.deepEqual(
    (await findPopularProducts(database, ZONE, NOW)).popularProducts.map(({ name }) => name),
    ["사과"],
  );
});

// The test fails if either end is excluded, or ties are not ordered by id.
test("sales are listed by the shop's days, both ends included, most units first, ties by id, up to the limit", async () => {
  const products = [await product("가"), await product("나"), await product("다")];
  const [ga, na, da] = products as [RowProduct, RowProduct, RowProduct];
  await sell(da, 2, "2026-11-18T00:00:00+09:00");
  await sell(ga, 2, "2026-11-19T23:59:59+09:00");
  await sell(na, 3, "2026-11-19T00:00:00+09:00");
  await sell(na, 9, "2026-11-20T00:00:00+09:00");
  await sell(da, 9, "2026-11-17T23:59:59+09:00");
  await aggregate();
  const names = async (from: string | null, to: string | null, limit = 100): Promise<unknown> =>
    (await listSales(database, { from, to, limit })).sales.map(({ name, units }) => `${name} ${units}`);
  const [tied, other] = ga.id < da.id ? ["가 2", "다 2"] : ["다 2", "가 2"];
  assert.deepEqual(await names("2026-11-18", "2026-11-19"), ["나 3", tied, other]);
  assert.deepEqual(await names("2026-11-18", "2026-11-19", 1), ["나 3"]);
  assert.deepEqual(await names("2026-11-20", null), ["나 9"]);
  assert.deepEqual(await names(null, "2026-11-17"), ["다 9"]);
});

// The test fails if the window has UTC days, only full days or no end, and without LIMIT.
test("the popular list has the five best sellers of today and the two days before, with their current state", async () => {
  const sold: [name: string, units: number, at: string, options?: { stock?: number; status?: string }][] = [
    ["일", 9, "2026-11-20T00:10:00+09:00"],
    ["이", 8, "2026-11-19T12:00:00+09:00"],
    ["삼", 7, "2026-11-18T00:00:00+09:00", { stock: 7 }],
    ["전날", 99, "2026-11-17T23:59:59+09:00"],
    ["내렸다", 50, "2026-11-19T12:00:00+09:00", { status: "NOT_FOR_SALE" }],
    ["사", 6, "2026-11-19T12:00:00+09:00"],
    ["오", 5, "2026-11-19T12:00:00+09:00"],
    ["육", 4, "2026-11-19T12:00:00+09:00"],
  ];
  for (const [name, units, at, options] of sold) await sell(await product(name, options), units, at);
  await aggregate();
  const list = await findPopularProducts(database, ZONE, NOW);
  assert.deepEqual([list.from, list.to], ["2026-11-18", "2026-11-20"]);
  assert.deepEqual(
    list.popularProducts.map(({ rank, name, totalSales, status, price }) => [rank, name, totalSales, status, price]),
    [
      [1, "일", 9, "ON_SALE", 1000],
      [2, "이", 8, "ON_SALE", 1000],
      [3, "삼", 7, "SOLD_OUT", 1000],
      [4, "사", 6, "ON_SALE", 1000],
      [5, "오", 5, "ON_SALE", 1000],
    ],
  );
  assert.equal(Math.abs(Date.parse(list.aggregatedAt ?? "") - Date.now()) < 60_000, true);
  assert.equal("message" in popularAnswer(list, "ko"), false);
});

test("an empty popular list has a message in the reader's language", async () => {
  const list = await findPopularProducts(database, ZONE, NOW);
  assert.deepEqual(list.popularProducts, []);
  assert.equal(popularAnswer(list, "ko").message, "통계 데이터가 없습니다");
  assert.equal(popularAnswer(list, "en").message, "There are no popular products yet");
});

// The test fails without aggregateSales in snapshotPopular, with today or a fourth day in the
// window, and without LIMIT 5.
test("document 1, the batch at midnight: a snapshot has the five best sellers of the last three full days", async () => {
  for (const [name, units, at] of [
    ["오늘", 99, "2026-11-20T00:00:00+09:00"],
    ["나흘 전", 99, "2026-11-16T23:59:59+09:00"],
    ["일", 9, "2026-11-19T23:59:59+09:00"],
    ["이", 8, "2026-11-17T00:00:00+09:00"],
    ["삼", 7, "2026-11-18T12:00:00+09:00"],
    ["사", 6, "2026-11-18T12:00:00+09:00"],
    ["오", 5, "2026-11-18T12:00:00+09:00"],
    ["육", 4, "2026-11-18T12:00:00+09:00"],
  ] as const)
    await sell(await product(name), units, at);
  assert.deepEqual(await snapshotPopular(database, ZONE, NOW), { day: "2026-11-20", from: "2026-11-17", to: "2026-11-19", products: 5, deleted: 0 });
  assert.deepEqual(await snapshotRows(), [
    ["2026-11-20", 1, "일", 9],
    ["2026-11-20", 2, "이", 8],
    ["2026-11-20", 3, "삼", 7],
    ["2026-11-20", 4, "사", 6],
    ["2026-11-20", 5, "오", 5],
  ]);
});

// The test fails without DELETE_SNAPSHOT, because the rank is taken, and with another age in
// DELETE_OLD_SNAPSHOTS.
test("a second snapshot of a day replaces the first, and snapshots older than three days are deleted", async () => {
  const apple = await product("사과");
  await sell(apple, 1, "2026-11-19T12:00:00+09:00");
  for (const day of ["2026-11-16", "2026-11-17", "2026-11-19"])
    await database.pool.query("INSERT INTO popular_snapshots VALUES ($1, 1, $2, 7)", [day, apple.id]);
  assert.deepEqual(await snapshotPopular(database, ZONE, NOW), { day: "2026-11-20", from: "2026-11-17", to: "2026-11-19", products: 1, deleted: 1 });
  await sell(apple, 2, "2026-11-19T12:00:00+09:00");
  await snapshotPopular(database, ZONE, NOW);
  assert.deepEqual(await snapshotRows(), [
    ["2026-11-17", 1, "사과", 7],
    ["2026-11-19", 1, "사과", 7],
    ["2026-11-20", 1, "사과", 3],
  ]);
});

async function snapshotRows(): Promise<unknown[]> {
  const { rows } = await database.pool.query<{ day: string; rank: number; name: string; total_sales: number }>(
    "SELECT s.*, p.name FROM popular_snapshots s JOIN products p ON p.id = product_id ORDER BY day, rank",
  );
  return rows.map(({ day, rank, name, total_sales }) => [day, rank, name, total_sales]);
}

test("a day begins at midnight in the shop's time zone", () => {
  assert.equal(dayOf(Date.parse("2026-11-19T14:59:59.999Z"), ZONE), "2026-11-19");
  assert.equal(dayOf(Date.parse("2026-11-19T15:00:00Z"), ZONE), "2026-11-20");
  assert.equal(dayOf(Date.parse("2026-11-19T15:00:00Z"), "America/New_York"), "2026-11-19");
  assert.equal(addDays("2026-03-01", -1), "2026-02-28");
});
