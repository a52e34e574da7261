// The shop as a process: how it starts, how it stops, and what a kill leaves.

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
const place = (name: string): string => join(folder, name);

type Loaded = { acknowledged: Map<string, string>; unanswered: number; done: Promise<void>; stop(): void };

/** Forty shoppers who order again and again, each order under a key of its own, and remember what they were told. */
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
        return; // The shop is gone, and so is this shopper.
      }
    }
  };
  loaded.done = Promise.all(users.map(shopper)).then(() => {});
  return loaded;
}

/** Resolves when so many orders have been acknowledged. */
async function acknowledged(loaded: Loaded, count: number): Promise<void> {
  while (loaded.acknowledged.size < count) await new Promise((resolve) => setImmediate(resolve));
}

describe("an embedded shop", () => {
  const DATA_DIR = place("a shop with spaces · 장날");

  test("opens with a demo, an address, its documents and an order that works as printed", async () => {
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
      "one is about to sell out",
    );
    const { coupons } = good(await call(shop.url, "GET", "/coupons"), 200);
    assert.ok(
      coupons.some((one: { status: string }) => one.status === "UPCOMING"),
      "a coupon is about to open",
    );
    assert.equal(statSync(join(DATA_DIR, "secret"), { throwIfNoEntry: false }), undefined, "a configured secret is not written down");

    const second = await jangnal(["serve"], { DATA_DIR, PORT: "0" });
    assert.equal(second.code, 1);
    assert.match(second.output, /^DATA_DIR .* is already in use by process \d+[^\n]*\n$/);

    shop.child.kill("SIGTERM");
    assert.deepEqual({ code: (await shop.ended).code }, { code: 0 });
  });

  // Goes red without COMMIT being waited for before the answers go out (till.ts).
  test("killed under load, it comes up again with every order that it had acknowledged", async () => {
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

  // Goes red without `server.close()` waiting for what was accepted.
  test("SIGTERM under load: every accepted request is answered, and it ends with 0", async () => {
    const shop = await serve({ DATA_DIR });
    const loaded = await load(shop.url, new Client(shop.url, "operator", "operator"));
    await acknowledged(loaded, 200);
    shop.child.kill("SIGTERM");
    const { code } = await shop.ended;
    await loaded.done;
    assert.equal(code, 0);

    // A request that met a closed door was never accepted: it must have left nothing behind.
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

// Goes red without the catch behind `firstOrder` (serve.ts).
test("a shop whose database goes while it greets stays open", async () => {
  const database = await freshDatabase();
  const line = await FaultProxy.open(database.url);
  const cut = line.disconnectAt("SELECT u.id AS");
  try {
    const shop = await serve({ DATABASE_URL: line.url, DATA_DIR: place("greets"), DEMO: "on" });
    await cut;
    line.reconnect();
    const answers = await Promise.race([call(shop.url, "GET", "/healthz"), shop.ended]);
    shop.child.kill("SIGTERM");
    assert.deepEqual([(answers as Answer).status, (await shop.ended).code], [200, 0]);
  } finally {
    await line.close();
    await database.drop();
  }
});

// Goes red without leaveEarly (bin/jangnal.mjs): it would end by the signal.
test("a shop that is asked to stop before it has found its feet ends with 0", async () => {
  const whileItLoads = `
    import { execFileSync } from "node:child_process";
    import { registerHooks } from "node:module";
    registerHooks({ load(url, context, next) {
      if (url.endsWith("/src/main.ts")) execFileSync("kill", ["-TERM", String(process.pid)]);
      return next(url, context);
    } });`;
  const early = `data:text/javascript,${encodeURIComponent(whileItLoads)}`;
  const { code, signal } = await jangnal(["serve"], { DATA_DIR: place("early"), NODE_OPTIONS: `--import=${early}` });
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
});

// Goes red without `endInTime` on `stopped` (serve.ts): it would wait for as long as another instance migrates.
test("a shop that is asked to stop while it can't open ends with 0", { timeout: 60_000 }, async () => {
  const database = await freshDatabase();
  const other = new pg.Client({ connectionString: database.url });
  await other.connect();
  await other.query("SELECT pg_advisory_lock($1)", [LOCK_KEY]);
  const { child, ended } = start(["serve"], { PORT: "0", DATABASE_URL: database.url, DATA_DIR: place("waits"), AUTH_JWT_SECRET: SECRET });
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

// Goes red without `isDemo` in `greet` (serve.ts).
test("a shop that is no demo prints nobody's token", async () => {
  const database = await freshDatabase();
  try {
    const demo = await serve({ DATABASE_URL: database.url, DATA_DIR: place("demo"), DEMO: "on" });
    demo.child.kill("SIGTERM");
    assert.match((await demo.ended).output, /Bearer/);
    const shop = await serve({ DATABASE_URL: database.url, DATA_DIR: place("demo") });
    shop.child.kill("SIGTERM");
    assert.doesNotMatch((await shop.ended).output, /Bearer|token/i);
  } finally {
    await database.drop();
  }
});

describe("the command line", () => {
  test("says what each command does", async () => {
    for (const command of ["serve", "migrate", "demo", "token", "audit", "replay"]) {
      const { code, output } = await jangnal([command, "--help"], {});
      assert.equal(code, 0, output);
      assert.match(output, new RegExp(`^npx jangnal ${command}`));
    }
  });

  test("a wrong setting stops the start with one line that names it, and makes nothing", async () => {
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
    const results = await Promise.all(wrong.map((setting) => jangnal(["serve"], { DATA_DIR: place("never"), ...setting })));
    results.forEach(({ code, output }, i) => {
      const [name] = Object.keys(wrong[i] as object);
      assert.equal(code, 1, output);
      assert.match(output, new RegExp(`^[^\\n]*${name}[^\\n]*\\n$`));
    });
    assert.equal(existsSync(place("never")), false);
  });

  test("an order may wait for a week, or for half a second", () => {
    const waits = (ORDER_EXPIRES_AFTER: string): number => readConfig({ ORDER_EXPIRES_AFTER }).orderExpiresAfterMs;
    assert.deepEqual(["P1W", "P1D", "PT1H30M", "PT0.5S"].map(waits), [604_800_000, 86_400_000, 5_400_000, 500]);
  });

  // Goes red without makeDataDir and both calls of `naming` (app.ts).
  test("a setting that only shows to be wrong when it is used is one line too, and named", async () => {
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
      const { code, output } = await jangnal(["serve"], { DATA_DIR: place("not used"), LOG_LEVEL: "warn", ...setting });
      assert.equal(code, 1, output);
      assert.match(output, new RegExp(`^${Object.keys(setting)[0]} [^\\n]*cannot be used: [^\\n]*\\n$`));
    }
    taken.close();
  });

  test("mints tokens with the shop's own secret, and audits a shop that is not running", async () => {
    const DATA_DIR = place("own secret");
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
