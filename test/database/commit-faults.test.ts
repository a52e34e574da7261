// The whole shop over a database connection that is slow, breaks, or loses a COMMIT or its
// response. Every response tells the truth.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { type EmbeddedServer, startEmbedded } from "../../src/database/embedded/embedded.ts";
import { freshDatabase } from "../support/database.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { type Answer, type Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";

const LOCK_WAIT_MS = 500;

/** Repeats the request, as a client should, until a response other than 503 arrives. */
async function retryUntilKnown(send: () => Promise<Answer>, forMs = 60_000): Promise<Answer> {
  for (const until = Date.now() + forMs; ;) {
    const answer = await send().catch(() => undefined);
    if (answer && answer.status !== 503) return answer;
    if (Date.now() > until) assert.fail(`no result: ${JSON.stringify(answer?.body)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Opens a shop over this proxy. */
async function openOver(proxy: FaultProxy, env: Record<string, string> = {}): Promise<TestShop> {
  const shop = await openTestShop({ env: { DATABASE_URL: proxy.url, ...env } });
  // Reads and jobs whose connection breaks inside a transaction are outside of these tests.
  shop.shop.database.pool.on("connect", (client) => client.on("error", () => {}));
  return shop;
}

describe("an order whose COMMIT fails", () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let proxy: FaultProxy;
  let shop: TestShop;
  let direct: pg.Client;
  before(async () => {
    database = await freshDatabase();
    proxy = await FaultProxy.open(database.url);
    shop = await openOver(proxy, { LOCK_WAIT_MS: String(LOCK_WAIT_MS) });
    direct = new pg.Client({ connectionString: database.url });
    await direct.connect();
  });
  after(async () => {
    await direct.end();
    await shop.close();
    await proxy.close();
    await database.drop();
  });

  /** A buyer, and the order that they place under one key. */
  async function setUp(): Promise<{ user: Client; product: { id: string }; order: () => Promise<Answer>; orders: () => Promise<string[]> }> {
    const product = await shop.product({ price: 100, stock: 5 });
    const user = await shop.user({ balance: 1000 });
    const key = randomUUID();
    return {
      user,
      product,
      order: () => user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }, { "idempotency-key": key }),
      orders: async () => (await direct.query<{ id: string }>("SELECT id FROM orders WHERE user_id = $1", [user.id])).rows.map(({ id }) => id),
    };
  }

  for (const fate of ["request lost", "response lost"] as const) {
    // The test fails if a lost response counts as a failure, or a lost COMMIT as a success.
    test(`an order (${fate}) is answered 201 and exists exactly once`, async () => {
      const { user, product, order, orders } = await setUp();
      let faults = 0;
      proxy.onCommit = () => (faults++ === 0 ? fate : "none");
      const { orderId } = good(await order(), 201);
      proxy.onCommit = () => "none";
      assert.equal(faults, fate === "request lost" ? 2 : 1);
      assert.deepEqual(await orders(), [orderId]);
      assert.equal(await shop.stockOf(product), 4);
      assert.equal(await shop.balanceOf(user), 900);
      const again = await order();
      assert.equal(again.headers["idempotent-replayed"], "true");
      assert.equal(good(again, 201).orderId, orderId);
    });

    // An unknown outcome must be neither reported as known nor retried.
    test(`an order (${fate}) during an outage of the database is 503, and its key later returns the outcome`, async () => {
      const { user, product, order, orders } = await setUp();
      proxy.onCommit = () => {
        proxy.refusing = true;
        return fate;
      };
      const answer = await order();
      refused(answer, 503, "UNAVAILABLE");
      assert.equal(answer.headers["retry-after"], "1");
      proxy.onCommit = () => "none";
      const before = await orders();
      assert.equal(before.length, fate === "request lost" ? 0 : 1);
      proxy.reconnect();
      const result = await retryUntilKnown(order);
      const { orderId } = good(result, 201);
      assert.equal(result.headers["idempotent-replayed"], fate === "request lost" ? undefined : "true");
      assert.deepEqual(await orders(), [orderId]);
      assert.equal(await shop.stockOf(product), 4);
      assert.equal(await shop.balanceOf(user), 900);
    });
  }

  // An error in a read before the command's round is not the command's error.
  test("an order that must read first during an outage of the database is 503, not 500", async () => {
    const { user, product } = await setUp();
    good(await user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 }), 201);
    proxy.disconnect();
    const answer = await user.post("/orders", { fromCart: true });
    proxy.reconnect();
    refused(answer, 503, "UNAVAILABLE");
    assert.equal(good(await retryUntilKnown(() => user.post("/orders", { fromCart: true })), 201).totalAmount, 100);
  });

  test("orders over a slow connection sell exactly the stock", async () => {
    const product = await shop.product({ price: 10, stock: 20 });
    const users = await shop.users(60, { balance: 10 });
    proxy.latencyMs = 20;
    const counts = await race(60, (i) => (users[i] as Client).post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }));
    proxy.latencyMs = 0;
    assert.deepEqual(counts, { 201: 20, 400: 40 });
    assert.equal(await shop.stockOf(product), 0);
  });

  // Broken connections must be replaced.
  test("an order succeeds after each break of the connection", async () => {
    for (let i = 0; i < 5; i++) {
      const { order, orders } = await setUp();
      proxy.breakConnections();
      const { orderId } = good(await retryUntilKnown(order), 201);
      assert.deepEqual(await orders(), [orderId]);
    }
  });
});

describe("two instances on one database", () => {
  let shop: TestShop;
  let other: TestShop;
  before(async () => {
    shop = await openTestShop();
    other = await openTestShop({ beside: shop });
  });
  after(async () => {
    await other.close();
    await shop.close();
  });

  for (const [kind, method] of [
    ["paid at once", "BALANCE"],
    ["to be paid later, which lock no user", "DEFERRED"],
  ] as const) {
    // The test fails without the primary key of idempotency_keys, and if 23505 is not retried.
    test(`one key at two instances at once has one effect and one response (${kind})`, async () => {
      const product = await shop.product({ price: 100, stock: 100 });
      for (let i = 0; i < 10; i++) {
        const user = await shop.user({ balance: 1000 });
        const body = { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method } };
        const key = { "idempotency-key": randomUUID() };
        const answers = await Promise.all([user, user.at(other), user, user.at(other)].map((client) => client.post("/orders", body, key)));
        const bodies = new Set(answers.map((answer) => JSON.stringify(good(answer, 201))));
        assert.equal(bodies.size, 1);
        assert.equal(good(await shop.operator.get(`/users/${user.id}/orders`), 200).orders.length, 1);
        assert.equal(await shop.balanceOf(user), method === "BALANCE" ? 900 : 1000);
      }
      assert.equal(await shop.stockOf(product), method === "BALANCE" ? 90 : 100);
    });
  }

  // The test fails without the UNIQUE constraint on external_id, and if 23505 is not retried.
  test("one external id at two instances at once creates one user", async () => {
    for (let i = 0; i < 10; i++) {
      const externalId = `member ${i}`;
      const counts = await race(4, (n) => shop.operator.at(n % 2 ? other : shop).post("/admin/users", { name: "손님", externalId }));
      assert.deepEqual(counts, { 201: 1, 400: 3 });
    }
  });
});

describe("a database that is stopped, killed and started again under load", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "jangnal-restart-"));
  let server: EmbeddedServer;
  let proxy: FaultProxy;
  let shop: TestShop;
  before(async () => {
    server = await startEmbedded({ dataDir });
    proxy = await FaultProxy.open(server.url("jangnal"));
    shop = await openOver(proxy);
  });
  after(async () => {
    await shop.close();
    await proxy.close();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  // The test fails if an acknowledged order is not on disk, or a repeated one exists twice.
  test("a database that is killed and restarted keeps each acknowledged order exactly once", { timeout: 120_000 }, async () => {
    const product = await shop.product({ price: 1, stock: 1_000_000 });
    const users = await shop.users(24, { balance: 1_000_000 });
    let over = false;
    const acknowledged = new Map<string, string>();
    const buying = users.map(async (user) => {
      while (!over) {
        const key = randomUUID();
        const send = (): Promise<Answer> =>
          user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }, { "idempotency-key": key });
        acknowledged.set(key, good(await retryUntilKnown(send, 60_000), 201).orderId);
      }
    });
    try {
      for (const killed of [false, true, false]) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        if (killed) process.kill(server.pid, "SIGKILL");
        const stopped = server.stop();
        if (killed) proxy.pause(); // Some requests wait, the others are told that there is no database.
        await stopped;
        server = await startEmbedded({ dataDir });
        proxy.resume(server.url("jangnal"));
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
    } finally {
      over = true;
    }
    await Promise.all(buying);

    const direct = new pg.Client({ connectionString: server.url("jangnal") });
    await direct.connect();
    const { rows } = await direct.query<{ id: string }>("SELECT id FROM orders ORDER BY id");
    await direct.end();
    assert.deepEqual(
      rows.map(({ id }) => id),
      [...acknowledged.values()].sort(),
    );
    assert.equal(await shop.stockOf(product), 1_000_000 - acknowledged.size);
    assert.ok(shop.shop.till.served.retries > 0, "no round was running when the database stopped");
  });
});
