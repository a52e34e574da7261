// The shop as a process: start, stop, and recovery after a kill.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import pg from "pg";
import { readConfig } from "../../src/config.ts";
import { LOCK_KEY } from "../../src/database/migrate.ts";
import { freshDatabase } from "../support/database.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { jangnal, serve, start } from "../support/process.ts";
import { type Answer, call, Client, good, SECRET } from "../support/shop.ts";

const folder = mkdtempSync(join(tmpdir(), "jangnal-process-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const pathOf = (name: string): string => join(folder, name);

type Loaded = { acknowledged: Map<string, string>; unanswered: number; done: Promise<void>; stop(): void };

/** Starts forty shoppers who place orders with different idempotency keys, and records the acknowledged orders. */
async function load(url: string, operator: Client): Promise<Loaded> {
  const { users } = good(await operator.post("/admin/users", { users: Array.from({ length: 40 }, () => ({ name: "손님" })) }), 201) as {
    users: { id: string }[];
  };
  good(await operator.post("/admin/balances/grant", { grants: users.map(({ id }) => ({ userId: id, amount: 10_000_000, reason: "test" })) }), 200);
  const product = good(await operator.post("/admin/products", { name: "사과", price: 1, stock: 1_000_000 }), 201) as { id: string };
  const loaded: Loaded = { acknowledged: new Map(), unanswered: 0, done: Promise.resolve(), stop: () => (stopped = true) };
  let stopped = false;
  const shopper = async ({ id }: { id: string }): Promise<void> => {
    const user = new Client(url, id, "shopper");
    for (let i = 0; !stopped; i++) {
      try {
        const answer: Answer = await user.post(
          "/orders",
          { orderItems: [{ productId: product.id, quantity: 1 }] },
          { "idempotency-key": `order-${i}` },
        );
        if (answer.status === 201) loaded.acknowledged.set(answer.body.orderId, id);
      } catch {
        loaded.unanswered++;
        return; // The shop has stopped.
      }
    }
  };
  loaded.done = Promise.all(users.map(shopper)).then(() => {});
  return loaded;
}

/** Resolves when `count` orders have been acknowledged. */
async function acknowledged(loaded: Loaded, count: number): Promise<void> {
  while (loaded.acknowledged.size < count) await new Promise((resolve) => setImmediate(resolve));
}

describe("an embedded shop", () => {
  const DATA_DIR = pathOf("a shop with spaces · 장날");

  test("an embedded shop opens with a demo and prints its address, API documents and a working order", async () => {
    const shop = await serve({ DATA_DIR });
    while (!shop.output().includes("\n\n", shop.output().indexOf("curl"))) await new Promise((resolve) => setImmediate(resolve));
    assert.match(shop.output(), /API documents at +http:\S+\/docs/);
    const [, key] = /Console at +http:\S+\/console#token=(\S+)/.exec(shop.output()) ?? [];
    good(await call(shop.url, "GET", "/admin/users", undefined, { authorization: `Bearer ${key}` }), 200);
    const [, path, token, body] = /POST (\S+) [^']+'Authorization: (Bearer \S+)'[^']+'[^']+'[^']+'(\{.*\})'/s.exec(shop.output()) ?? [];
    const order = good(await call(shop.url, "POST", new URL(path as string).pathname, body, { authorization: token as string }), 201);
    assert.equal(order.status, "COMPLETED");

    const { products } = good(await call(shop.url, "GET", "/products"), 200);
    assert.ok(products.some((one: { status: string }) => one.status === "SOLD_OUT"));
    assert.ok(
      products.some((one: { stock: number }) => one.stock > 0 && one.stock < 5),
      "a product is nearly sold out",
    );
    const { coupons } = good(await call(shop.url, "GET", "/coupons"), 200);
    assert.ok(
      coupons.some((one: { status: string }) => one.status === "UPCOMING"),
      "a coupon is about to open",
    );
    assert.equal(statSync(join(DATA_DIR, "secret"), { throwIfNoEntry: false }), undefined, "a configured secret is not stored");

    const second = await jangnal(["serve"], { DATA_DIR, PORT: "0" });
    assert.equal(second.code, 1);
    assert.match(second.output, /^DATA_DIR .* is already in use by process \d+[^\n]*\n$/);

    shop.child.kill("SIGTERM");
    assert.deepEqual({ code: (await shop.ended).code }, { code: 0 });
  });

  // Fails if the till responds before the COMMIT (till.ts).
  test("after a kill under load, the restarted shop has every acknowledged order", async () => {
    const first = await serve({ DATA_DIR });
    const loaded = await load(first.url, new Client(first.url, "operator", "operator"));
    await acknowledged(loaded, 500);
    first.child.kill("SIGKILL");
    await loaded.done;
    assert.ok(loaded.unanswered > 0);

    const again = await serve({ DATA_DIR });
    const operator = new Client(again.url, "operator", "operator");
    for (const [orderId, userId] of loaded.acknowledged) {
      assert.equal(good(await operator.get(`/orders/${orderId}`), 200).userId, userId);
    }
    assert.deepEqual(good(await operator.get("/admin/audit"), 200).violations, []);
    again.child.kill("SIGTERM");
    assert.equal((await again.ended).code, 0);
  });

  // Fails if `server.close()` does not wait for accepted requests.
  test("after SIGTERM under load, every accepted request is answered, and the shop exits with 0", async () => {
    const shop = await serve({ DATA_DIR });
    const loaded = await load(shop.url, new Client(shop.url, "operator", "operator"));
    await acknowledged(loaded, 200);
    shop.child.kill("SIGTERM");
    const { code } = await shop.ended;
    await loaded.done;
    assert.equal(code, 0);

    // Requests that were not accepted must have had no effect.
    const again = await serve({ DATA_DIR });
    const operator = new Client(again.url, "operator", "operator");
    const orders = new Set<string>();
    for (const userId of new Set(loaded.acknowledged.values())) {
      for (let cursor = ""; ;) {
        const page = good(await operator.get(`/users/${userId}/orders?limit=100${cursor}`), 200);
        for (const { orderId } of page.orders) orders.add(orderId);
        if (page.nextCursor === null) break;
        cursor = `&cursor=${page.nextCursor}`;
      }
    }
    assert.deepEqual(orders, new Set(loaded.acknowledged.keys()));
    again.child.kill("SIGTERM");
    assert.equal((await again.ended).code, 0);
  });
});

// Fails without the catch of `firstOrder` (serve.ts).
test("a shop whose database fails during the greeting stays open", async () => {
  const database = await freshDatabase();
  const proxy = await FaultProxy.open(database.url);
  const cut = proxy.disconnectAt("SELECT u.id AS");
  try {
    const shop = await serve({ DATABASE_URL: proxy.url, DATA_DIR: pathOf("greets"), DEMO: "on" });
    await cut;
    proxy.reconnect();
    const answers = await Promise.race([call(shop.url, "GET", "/healthz"), shop.ended]);
    shop.child.kill("SIGTERM");
    assert.deepEqual([(answers as Answer).status, (await shop.ended).code], [200, 0]);
  } finally {
    await proxy.close();
    await database.drop();
  }
});

// Fails without leaveEarly (bin/jangnal.mjs): the process would be killed by the signal.
test("a shop that gets SIGTERM while it loads exits with 0", async () => {
  const whileLoading = `
    import { execFileSync } from "node:child_process";
    import { registerHooks } from "node:module";
    registerHooks({ load(url, context, next) {
      if (url.endsWith("/src/main.ts")) execFileSync("kill", ["-TERM", String(process.pid)]);
      return next(url, context);
    } });`;
  const early = `data:text/javascript,${encodeURIComponent(whileLoading)}`;
  const { code, signal } = await jangnal(["serve"], { DATA_DIR: pathOf("early"), NODE_OPTIONS: `--import=${early}` });
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
});

// Fails without `exitInTime` on `stopped` (serve.ts): the shop would wait for the migration of another instance.
test("a shop that gets SIGTERM while it cannot open exits with 0", { timeout: 60_000 }, async () => {
  const database = await freshDatabase();
  const other = new pg.Client({ connectionString: database.url });
  await other.connect();
  await other.query("SELECT pg_advisory_lock($1)", [LOCK_KEY]);
  const { child, ended } = start(["serve"], { PORT: "0", DATABASE_URL: database.url, DATA_DIR: pathOf("waits"), AUTH_JWT_SECRET: SECRET });
  try {
    const waits =
      "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while ((await other.query(waits)).rowCount === 0);
    child.kill("SIGTERM");
    const { code, signal, output } = await ended;
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, output);
  } finally {
    child.kill("SIGKILL");
    await other.end();
    await database.drop();
  }
});

// Fails without `isDemo` in `greet` (serve.ts).
test("a shop without a demo prints no token", async () => {
  const database = await freshDatabase();
  try {
    const demo = await serve({ DATABASE_URL: database.url, DATA_DIR: pathOf("demo"), DEMO: "on" });
    demo.child.kill("SIGTERM");
    assert.match((await demo.ended).output, /Bearer/);
    const shop = await serve({ DATABASE_URL: database.url, DATA_DIR: pathOf("demo") });
    shop.child.kill("SIGTERM");
    assert.doesNotMatch((await shop.ended).output, /Bearer|token/i);
  } finally {
    await database.drop();
  }
});

describe("the command line", () => {
  test("--help describes each command", async () => {
    for (const command of ["serve", "migrate", "demo", "token", "audit", "replay"]) {
      const { code, output } = await jangnal([command, "--help"], {});
      assert.equal(code, 0, output);
      assert.match(output, new RegExp(`^npx jangnal ${command}`));
    }
  });

  test("an invalid setting prevents the start, with one line that names the setting, and creates no files", async () => {
    const wrong: Record<string, string>[] = [
      { PORT: "99999" },
      { PORT: "http" },
      { DATABASE_URL: "mysql://x" },
      { AUTH_JWT_SECRET: "too short" },
      { AUTH_JWKS_URL: "not a url" },
      { BALANCE_FUNDING: "free" },
      { CHARGE_MAX: "-1" },
      { BALANCE_MAX: "1e9" },
      { ORDER_EXPIRES_AFTER: "30 minutes" },
      { ORDER_EXPIRES_AFTER: "P1M" },
      { ORDER_EXPIRES_AFTER: "P1WT1H" },
      { LOCK_WAIT_MS: "0" },
      { RATE_LIMIT: "many" },
      { SHOP_TIMEZONE: "Mars/Olympus" },
      { SHOP_TIMEZONE: "+09:00" },
      { SHOP_CURRENCY: "won" },
      { SHOP_CURRENCY: "WON" },
      { SHOP_LOCALE: "fr" },
      { DEMO: "yes" },
      { LOG_LEVEL: "loud" },
    ];
    const results = await Promise.all(wrong.map((setting) => jangnal(["serve"], { DATA_DIR: pathOf("never"), ...setting })));
    results.forEach(({ code, output }, i) => {
      const [name] = Object.keys(wrong[i] as object);
      assert.equal(code, 1, output);
      assert.match(output, new RegExp(`^[^\\n]*${name}[^\\n]*\\n$`));
    });
    assert.equal(existsSync(pathOf("never")), false);
  });

  test("ORDER_EXPIRES_AFTER accepts durations from half a second to a week", () => {
    const waits = (ORDER_EXPIRES_AFTER: string): number => readConfig({ ORDER_EXPIRES_AFTER }).orderExpiresAfterMs;
    assert.deepEqual(["P1W", "P1D", "PT1H30M", "PT0.5S"].map(waits), [604_800_000, 86_400_000, 5_400_000, 500]);
  });

  // Fails without makeDataDir and both calls of `naming` (app.ts).
  test("a setting that fails only when it is used also prevents the start, with one line that names it", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const database = await freshDatabase();
    await database.drop();
    const wrong: Record<string, string>[] = [
      { DATABASE_URL: "postgresql://127.0.0.1:1/none" },
      { DATABASE_URL: database.url },
      { DATABASE_URL: "postgresql://nobody.invalid/none" },
      { DATA_DIR: "/proc/none" },
      { DATA_DIR: import.meta.filename },
      { HOST: "no host" },
      { PORT: String((taken.address() as AddressInfo).port) },
    ];
    for (const setting of wrong) {
      const { code, output } = await jangnal(["serve"], { DATA_DIR: pathOf("not used"), LOG_LEVEL: "warn", ...setting });
      assert.equal(code, 1, output);
      assert.match(output, new RegExp(`^${Object.keys(setting)[0]} [^\\n]*cannot be used: [^\\n]*\\n$`));
    }
    taken.close();
  });

  test("a command for an existing shop says that there is none, and makes none", async () => {
    const DATA_DIR = pathOf("nowhere");
    for (const args of [["audit"], ["export", "users"], ["reconcile"], ["recount"], ["export-journal"], ["restored"]]) {
      const { code, output } = await jangnal(args, { DATA_DIR });
      assert.deepEqual([code, output.startsWith(`There is no shop in ${DATA_DIR}`)], [1, true], `${args.join(" ")}: ${output}`);
    }
    assert.equal(existsSync(join(DATA_DIR, "postgres")), false);
  });

  test("token uses the shop's own secret, and audit works with a shop that is not running", async () => {
    const DATA_DIR = pathOf("own secret");
    const early = await jangnal(["token", "--user", "me", "--role", "operator"], { DATA_DIR });
    assert.equal(early.code, 1);
    assert.deepEqual(existsSync(DATA_DIR) ? readdirSync(DATA_DIR) : [], []);

    const shop = await serve({ DATA_DIR, AUTH_JWT_SECRET: "" });
    assert.equal(statSync(join(DATA_DIR, "secret")).mode & 0o777, 0o600);
    const { output } = await jangnal(["token", "--user", "me", "--role", "operator"], { DATA_DIR });
    good(await call(shop.url, "GET", "/admin/users", undefined, { authorization: `Bearer ${output.trim()}` }), 200);
    const running = await jangnal(["audit"], { DATA_DIR });
    assert.deepEqual([running.code, /All invariants hold/.test(running.output)], [0, true]);
    shop.child.kill("SIGTERM");
    await shop.ended;

    const stopped = await jangnal(["audit", "--json"], { DATA_DIR });
    assert.deepEqual([stopped.code, JSON.parse(stopped.output).violations], [0, []]);
  });
});
