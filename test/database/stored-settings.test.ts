// Time zone and currency are stored in the database. No instance runs with other values, and one
// command changes them.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { audit } from "../../src/audit/audit.ts";
import { ConfigError } from "../../src/env.ts";
import { Database } from "../../src/database/pool.ts";
import type { Statement } from "../../src/database/statement.ts";
import { aggregateSales } from "../../src/popular/aggregate-sales.ts";
import { recountSales } from "../../src/popular/recount-sales.ts";
import { snapshotPopular } from "../../src/popular/snapshot-popular.ts";
import { changeCurrency, changeTimezone, NotChanged } from "../../src/app/change-settings.ts";
import { CHANNEL } from "../../src/till/postgres-store.ts";
import { firstRunsDone } from "../documents/helpers.ts";
import { freshDatabase } from "../support/database.ts";
import { jangnal } from "../support/process.ts";
import { Client, good, openTestShop, SECRET, TestShop } from "../support/shop.ts";

const SEOUL = "Asia/Seoul";
const NEW_YORK = "America/New_York";

let url: string;
let drop: () => Promise<void>;
let database: Database;
const shops: TestShop[] = [];

before(async () => {
  ({ url, drop } = await freshDatabase());
  database = new Database(url, { size: 4, onError: () => {} });
});
afterEach(async () => {
  await closeAll();
  await database.pool.query(
    "TRUNCATE stored_settings, users, balance_transactions, orders, order_events, payments, refunds, card_charges, product_sales, sales_days, popular_snapshots, products, variants, stock_adjustments, jobs CASCADE",
  );
});
after(async () => {
  await database.close();
  await drop();
});

async function open(env: Record<string, string> = {}): Promise<TestShop> {
  const shop = await openTestShop({ env: { DATABASE_URL: url, ...env } });
  shops.push(shop);
  await firstRunsDone(shop);
  return shop;
}

const closeAll = (): Promise<unknown> => Promise.all(shops.splice(0).map((shop) => shop.close()));

async function stored(): Promise<Record<string, string>> {
  const { rows } = await database.pool.query<{ name: string; value: string }>("SELECT name, value FROM stored_settings WHERE name <> 'cluster'");
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

async function sales(): Promise<string[]> {
  const { rows } = await database.pool.query<{ day: string; units: number; revenue: number }>(
    "SELECT day, units, revenue FROM product_sales ORDER BY day",
  );
  return rows.map(({ day, units, revenue }) => `${day}: ${units}, ${revenue}`);
}

type Sale = { orderId: string; buyer: Client; productId: string; variantId: string };

/** Places an order of three units at each of these instants. */
async function sell(shop: TestShop, ...instants: string[]): Promise<Sale[]> {
  const buyer = await shop.user({ balance: 1_000_000 });
  const product = await shop.product({ price: 1000 });
  const orders: Sale[] = [];
  for (const orderedAt of instants) {
    const order = { userId: buyer.id, orderItems: [{ productId: product.id, quantity: 3 }], orderedAt };
    const { orderId } = good(await shop.operator.post("/orders", order), 201);
    orders.push({ orderId, buyer, productId: product.id, variantId: product.variants[0]?.id as string });
  }
  return orders;
}

async function refund(shop: TestShop, { orderId, variantId }: Sale, quantity: number): Promise<void> {
  good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { items: [{ variantId, quantity }], reason: "bruised" }), 200);
}

const runJob = (shop: TestShop, job = "aggregate-sales"): Promise<Record<string, unknown>> =>
  shop.operator.post(`/admin/jobs/${job}/run`).then((answer) => good(answer, 200).lastResult);

test("an instance with other stored settings does not start and names the command that changes them", async () => {
  await open({ SHOP_TIMEZONE: SEOUL });
  for (const [env, command] of [
    [{ SHOP_TIMEZONE: NEW_YORK }, /^SHOP_TIMEZONE is America\/New_York, but .* Asia\/Seoul\..* npx jangnal recount --timezone America\/New_York$/],
    [{ SHOP_CURRENCY: "USD" }, /^SHOP_CURRENCY is USD, but .* KRW\..* npx jangnal recount --currency USD$/],
  ] as const) {
    await assert.rejects(open(env), (error: Error) => error instanceof ConfigError && command.test(error.message));
    const { code, output } = await jangnal(["serve"], { DATABASE_URL: url, AUTH_JWT_SECRET: SECRET, PORT: "0", LOG_LEVEL: "error", ...env });
    assert.equal(code, 1);
    assert.match(output.trim(), command);
  }
  await open({ SHOP_TIMEZONE: "asia/seoul" });
  await open({ SHOP_TIMEZONE: "ROK" });
  assert.deepEqual(await stored(), { timezone: SEOUL, currency: "KRW" });
});

// The test fails without ON CONFLICT in KEEP_STORED, and if settings are compared before they are
// stored.
test("of instances that start a new shop with different settings at once, those with one of the settings run", async () => {
  const zones = [SEOUL, NEW_YORK, SEOUL, NEW_YORK];
  const starts = await Promise.allSettled(zones.map((SHOP_TIMEZONE) => open({ SHOP_TIMEZONE })));
  const { timezone } = await stored();
  assert.deepEqual(
    starts.map(({ status }) => status),
    zones.map((zone) => (zone === timezone ? "fulfilled" : "rejected")),
  );
});

test("settings cannot be changed while an instance runs, and no instance starts during a change", async () => {
  await open();
  await assert.rejects(
    changeTimezone(url, NEW_YORK),
    (error: Error) => error instanceof NotChanged && error.message.startsWith("1 instance of the shop runs."),
  );
  await open();
  await assert.rejects(changeCurrency(url, "USD"), /^Error: 2 instances of the shop run\. Stop them/);
  assert.deepEqual(await stored(), { timezone: SEOUL, currency: "KRW" });
  await closeAll();

  const checkpoint = await database.pool.connect();
  await checkpoint.query("BEGIN; SELECT FROM checkpoints FOR UPDATE");
  const changing = changeTimezone(url, NEW_YORK);
  await untilLockIsWaitedFor(/FROM checkpoints/);
  for (const zone of [SEOUL, NEW_YORK]) await assert.rejects(open({ SHOP_TIMEZONE: zone }), /are being changed/);
  await assert.rejects(changeCurrency(url, "USD"), /Another command/);
  await checkpoint.query("ROLLBACK");
  checkpoint.release();
  await changing;
  await open({ SHOP_TIMEZONE: NEW_YORK });
});

async function untilLockIsWaitedFor(query: RegExp): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const { rows } = await database.pool.query<{ query: string }>(
      "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    if (rows.some((row) => query.test(row.query))) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`no session waits for a lock with ${String(query)}`);
}

test("after a change of the time zone each sale counts on its day there, and a refund on the day of its sale", async () => {
  const seoul = await open();
  // In New York the first two are on the day before.
  const [first, second, third] = (await sell(seoul, "2026-03-02T00:30:00+09:00", "2026-03-02T12:00:00+09:00", "2026-03-02T23:30:00+09:00")) as [
    Sale,
    Sale,
    Sale,
  ];
  await refund(seoul, first, 1);
  await runJob(seoul);
  await refund(seoul, second, 1);
  assert.deepEqual(await sales(), ["2026-03-02: 8, 8000"]);
  await snapshotPopular(database, SEOUL, Date.parse("2026-03-03T12:00:00+09:00"));
  await closeAll();

  assert.deepEqual(await changeTimezone(url, NEW_YORK), { rows: 2, corrected: 2 });
  assert.deepEqual(await sales(), ["2026-03-01: 4, 4000", "2026-03-02: 3, 3000"]);
  assert.deepEqual((await database.pool.query("SELECT * FROM popular_snapshots")).rows, [], "snapshots of the old days are deleted");
  await assert.rejects(open({ SHOP_TIMEZONE: SEOUL }), ConfigError);

  const newYork = await open({ SHOP_TIMEZONE: NEW_YORK });
  await refund(newYork, first, 2);
  await refund(newYork, third, 1);
  await runJob(newYork);
  assert.deepEqual(await sales(), ["2026-03-01: 2, 2000", "2026-03-02: 2, 2000"]);
  assert.deepEqual(good(await newYork.operator.get("/admin/audit"), 200).violations, []);
  assert.deepEqual(
    good(await newYork.operator.get("/admin/sales/days"), 200).days.map(({ day, units }: { day: string; units: number }) => [day, units]),
    [
      ["2026-03-01", 2],
      ["2026-03-02", 2],
    ],
  );
});

test("no job counts in the days of a time zone that the shop has left", async () => {
  const shop = await open();
  await sell(shop, "2026-03-02T00:30:00+09:00");
  await runJob(shop);
  await sell(shop, "2026-03-02T00:30:00+09:00");
  for (const work of [
    () => aggregateSales(database, NEW_YORK, 0),
    () => recountSales(database, NEW_YORK),
    () => snapshotPopular(database, NEW_YORK, Date.now()),
  ])
    await assert.rejects(work, ConfigError);
  assert.deepEqual(await sales(), ["2026-03-02: 3, 3000"]);
});

/** Resolves with the reason why the shop stops, and fails if it still runs after ten seconds. */
function stopped({ shop }: TestShop): Promise<string> {
  const stillRunning = new Promise<never>((_, reject) => setTimeout(() => reject(new Error("the shop still runs")), 10_000).unref());
  return Promise.race([shop.broken, stillRunning]);
}

test("a running instance stops when it learns of other stored settings", async () => {
  const change = `UPDATE stored_settings SET value = '${NEW_YORK}' WHERE name = 'timezone'`;
  const notified = await open();
  await database.pool.query(`BEGIN; ${change}; SELECT pg_notify('${CHANNEL}', 'settings'); COMMIT`);
  assert.match(await stopped(notified), /^SHOP_TIMEZONE is Asia\/Seoul, but/);
  await closeAll();
  await database.pool.query("TRUNCATE stored_settings");

  const reconnecting = await open();
  await database.pool.query(change);
  await database.pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'");
  assert.match(await stopped(reconnecting), /^SHOP_TIMEZONE is Asia\/Seoul, but/);
});

test("the currency can be changed only while there are no orders or card charges", async () => {
  const shop = await open();
  const buyer = await shop.user({ balance: 10_000 });
  await closeAll();
  await changeCurrency(url, "USD");
  assert.deepEqual(await stored(), { timezone: SEOUL, currency: "USD" });
  const inDollars = await open({ SHOP_CURRENCY: "USD" });
  const product = await inDollars.product();
  good(await buyer.at(inDollars).post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  await closeAll();
  await assert.rejects(changeCurrency(url, "KRW"), (error: Error) => error instanceof NotChanged && /has orders in USD/.test(error.message));
  await changeCurrency(url, "USD");
  await database.pool.query("DELETE FROM orders");
  await database.pool.query(
    "INSERT INTO card_charges (id, user_id, version, status, amount, payment_key, created_at) VALUES (gen_random_uuid(), gen_random_uuid(), 1, 'COMPLETED', 5, 'k', now())",
  );
  await assert.rejects(changeCurrency(url, "KRW"), /has charges in USD/);
  assert.equal((await stored())["currency"], "USD");
});

test("recount-sales corrects wrong sales and nothing else", async () => {
  const shop = await open();
  await sell(shop, "2026-03-01T12:00:00+09:00", "2026-03-02T12:00:00+09:00", "2026-03-03T12:00:00+09:00");
  await runJob(shop);
  const correctSales = await sales();
  assert.deepEqual(await runJob(shop, "recount-sales"), { rows: 3, corrected: 0 });
  await database.pool.query("UPDATE product_sales SET units = -7 WHERE day = '2026-03-01'");
  await database.pool.query("UPDATE product_sales SET day = '2026-04-01' WHERE day = '2026-03-02'");
  assert.ok((await audit(database, SEOUL)).violations.length > 0);
  assert.deepEqual(await runJob(shop, "recount-sales"), { rows: 3, corrected: 3 });
  assert.deepEqual(await sales(), correctSales);
  assert.deepEqual((await audit(database, SEOUL)).violations, []);
  assert.ok(good(await shop.operator.get("/admin/jobs"), 200).jobs.some(({ name }: { name: string }) => name === "recount-sales"));
});

test("sales that are aggregated during a recount are counted exactly once", async () => {
  const shop = await open();
  const [sale] = (await sell(shop, "2026-03-01T12:00:00+09:00")) as [Sale];
  await runJob(shop);
  const interrupted = Object.assign(Object.create(database) as Database, {
    async rows(statement: Statement) {
      const rows = await database.rows(statement);
      if (statement.name !== "count sales") return rows;
      await sell(shop, "2026-03-02T12:00:00+09:00");
      await refund(shop, sale, 1);
      await aggregateSales(database, SEOUL, 10_000);
      await refund(shop, sale, 1);
      return rows;
    },
  });
  assert.deepEqual(await recountSales(interrupted, SEOUL), { rows: 2, corrected: 0 });
  await aggregateSales(database, SEOUL, 10_000);
  assert.deepEqual(await sales(), ["2026-03-01: 1, 1000", "2026-03-02: 3, 3000"]);
});

// The job recount-sales runs by itself then.
test("a shop from before stored settings adopts its settings at the start and recounts its sales", async () => {
  const old = await open({ SHOP_TIMEZONE: NEW_YORK });
  await sell(old, "2026-03-02T00:30:00+09:00");
  await runJob(old);
  assert.deepEqual(await sales(), ["2026-03-01: 3, 3000"]);
  await closeAll();
  await database.pool.query("TRUNCATE stored_settings; DELETE FROM jobs WHERE name = 'recount-sales'");
  const shop = await open({ SHOP_TIMEZONE: SEOUL });
  for (let tries = 0; (await sales())[0] !== "2026-03-02: 3, 3000"; tries++) {
    assert.ok(tries < 500, "sales still count in the days of the other time zone");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
});

test("the recount command reports its result and invalid options", async () => {
  const run = (...args: string[]) => jangnal(["recount", ...args], { DATABASE_URL: url, SHOP_TIMEZONE: SEOUL });
  const shop = await open();
  await sell(shop, "2026-03-02T00:30:00+09:00");
  await runJob(shop);
  const beside = await run();
  assert.deepEqual([beside.code, beside.output], [0, "Sales were recounted: 1 totals per product and day, 0 of them corrected.\n"]);
  assert.match((await run("--timezone", NEW_YORK)).output, /^1 instance of the shop runs\. Stop them, then run this again: nothing was changed\.\n$/);
  await closeAll();
  const changed = await run("--timezone", NEW_YORK);
  assert.equal(changed.code, 0);
  assert.match(
    changed.output,
    /^The shop counts its days in America\/New_York: .* 2 of them corrected\. Start every instance with SHOP_TIMEZONE=America\/New_York\.\n$/,
  );
  assert.deepEqual(await sales(), ["2026-03-01: 3, 3000"]);
  // The environment still has the old setting.
  const audited = await jangnal(["audit"], { DATABASE_URL: url, SHOP_TIMEZONE: SEOUL });
  assert.deepEqual([audited.code, /All invariants hold/.test(audited.output)], [0, true], audited.output);
  for (const [args, expected] of [
    [["--timezone", "Mars/Olympus"], /^--timezone must be an IANA time zone/],
    [["--timezone", "+09:00"], /^--timezone must be an IANA time zone/],
    [["--currency", "won"], /^--currency must be an ISO 4217 code/],
    [["--currency", "USD"], /^The currency can be changed only while there is no order/],
  ] as const) {
    const { code, output } = await run(...args);
    assert.deepEqual([code, expected.test(output), output.trim().split("\n").length], [1, true, 1], output);
  }
});
