// `serve --workers N`: several instances on one port with one embedded database, controlled by one process.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { jangnal, processesOf, serve } from "../support/process.ts";
import { type Answer, call, Client, good, race } from "../support/shop.ts";

describe("a shop with two workers", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "jangnal-workers-"));
  let shop: Awaited<ReturnType<typeof serve>>;
  let operator: Client;
  before(async () => {
    shop = await serve({ DATA_DIR: dataDir }, ["--workers", "2"]);
    operator = new Client(shop.url, "an-operator", "operator");
    await until(async () => (await instances()) === 2);
  });
  /** The number of open workers. */
  const instances = async (): Promise<number> =>
    Number(/^jangnal_instances (\d+)/m.exec(String((await call(shop.url, "GET", "/metrics", undefined, { connection: "close" })).body))?.[1]);
  after(async () => {
    shop.child.kill("SIGKILL");
    await shop.ended;
    rmSync(dataDir, { recursive: true, force: true });
  });

  test("the shop opens once, with a demo and the embedded database's defaults", async () => {
    assert.equal(shop.output().match(/Jangnal is open at/g)?.length, 1);
    assert.ok(good(await call(shop.url, "GET", "/products"), 200).products.length > 0);
    // Pages send requests to any worker, so each must know DEMO.
    const asked = Array.from({ length: 6 }, () => call(shop.url, "GET", "/shop", undefined, { connection: "close" }));
    assert.deepEqual(new Set((await Promise.all(asked)).map((answer) => good(answer, 200).demo)), new Set([true]));
    const { users } = good(await operator.get("/admin/users"), 200);
    good(await new Client(shop.url, users[0].id, "shopper").post(`/users/${users[0].id}/balance/charge`, { amount: 1 }), 200);
  });

  // Fails if the embedded database keeps its limit for one process: the reads of a crowd would be answered 503.
  test("the embedded database has connections for each process", async () => {
    const host = encodeURIComponent(readFileSync(join(dataDir, "postgres.socket"), "utf8"));
    const client = new pg.Client({ connectionString: `postgresql:///jangnal?host=${host}&port=5432&user=jangnal` });
    await client.connect();
    const { rows } = await client.query("SHOW max_connections");
    await client.end();
    assert.deepEqual(rows, [{ max_connections: String(3 * 15 + 10) }]);
  });

  test("both workers together sell exactly the stock", async () => {
    const product = good(await operator.post("/admin/products", { name: "사과", price: 10, stock: 50 }), 201);
    const { users } = good(await operator.post("/admin/users", { users: Array.from({ length: 200 }, () => ({ name: "손님" })) }), 201) as {
      users: { id: string }[];
    };
    good(await operator.post("/admin/balances/grant", { grants: users.map(({ id }) => ({ userId: id, amount: 10, reason: "test" })) }), 200);
    const clients = users.map(({ id }) => new Client(shop.url, id, "shopper"));
    assert.deepEqual(await race(200, (i) => (clients[i] as Client).post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] })), {
      201: 50,
      400: 150,
    });
  });

  // Fails if a worker reports its own metrics only: the 200 orders were shared by two.
  test("each worker reports the metrics of all workers", async () => {
    const counts = await Promise.all(
      Array.from({ length: 4 }, async () => String((await call(shop.url, "GET", "/metrics", undefined, { connection: "close" })).body)),
    );
    for (const text of counts) assert.equal(/jangnal_http_answers_total\{method="POST",route="\/orders",status="201"\} (\d+)/.exec(text)?.[1], "50");
  });

  // Fails if each worker has its own simulated gateway, which does not know the payments of the others.
  test("a card payment by one worker is refunded by another", async () => {
    const product = good(await operator.post("/admin/products", { name: "배", price: 10, stock: 20 }), 201);
    const [{ id }] = good(await operator.post("/admin/users", { users: [{ name: "손님" }] }), 201).users;
    const user = new Client(shop.url, id, "shopper");
    const orderItems = [{ productId: product.id, quantity: 1 }];
    const close = { connection: "close" };
    for (let i = 0; i < 8; i++) {
      const { orderId } = good(await user.post("/orders", { orderItems, payment: { method: "DEFERRED" } }, close), 201);
      good(await user.post("/payments", { orderId, method: "CARD", paymentKey: "anything" }, close), 201);
      assert.equal(good(await user.post(`/orders/${orderId}/cancel`, {}, close), 200).status, "REFUNDED");
    }
  });

  // Fails if the leader stores only the end of the rehearsal and not its report, which another worker must serve.
  test("each worker reports the progress of a rehearsal, and no buyer is served out of order", async () => {
    const product = good(await operator.post("/admin/products", { name: "백자", price: 10, stock: 40 }), 201);
    const campaign = good(
      await operator.post("/admin/coupons", { name: "열 원 중 일 원", discount: { type: "FIXED", amount: 1 }, totalQuantity: 30 }),
      201,
    );
    const plan = { productId: product.id, couponId: campaign.id, buyers: 200, arriveWithinMs: 500 };
    const { id } = good(await operator.post("/admin/rehearsals", plan, { connection: "close" }), 201);
    // Concurrent connections are distributed to both workers.
    const asked = () =>
      Promise.all(Array.from({ length: 6 }, async () => good(await operator.get(`/admin/rehearsals/${id}`, { connection: "close" }), 200)));
    await until(async () => (await asked()).every(({ finishedAt }) => finishedAt !== null), 180_000);
    const [one, ...others] = await asked();
    for (const other of others) assert.deepEqual(other, one);
    const { state, report } = one;
    assert.equal(state, "DONE");
    assert.deepEqual([report.claims.succeeded, report.orders.succeeded], [30, 40]);
    assert.deepEqual([report.claims.refusedBy, report.orders.refusedBy], [{ COUPON_SOLD_OUT: 170 }, { STOCK_INSUFFICIENT: 160 }]);
    assert.deepEqual([report.claims.order.outOfOrder, report.orders.order.outOfOrder], [0, 0]);
    assert.deepEqual([report.left, report.refunded, report.audit.violations], [{ stock: 0, coupons: 0 }, 40, 0]);
  });

  test("a worker that dies is replaced, and requests succeed again soon", async () => {
    const [victim] = processesOf(shop.child, "worker");
    process.kill(victim as number, "SIGKILL");
    // A connection that was passed to the dying worker gets no response, so the client times out and retries.
    const asked = () => call(shop.url, "GET", "/healthz", undefined, { connection: "close" }).catch(() => ({ status: 0 }));
    await until(async () => (await Promise.race([asked(), pause(1000, { status: 0 })])).status === 200);
    await until(async () => (await Promise.race([instances(), pause(1000, 0)])) === 2);
    assert.equal(processesOf(shop.child, "worker").includes(victim as number), false);
  });

  // Fails if no worker relays, or if the replacement of the one that did does not.
  test("events are delivered, also after the worker that relays has died", async () => {
    const product = good(await operator.post("/admin/products", { name: "귤", price: 10, stock: 2 }), 201);
    const [{ id }] = good(await operator.post("/admin/users", { users: [{ name: "손님" }] }), 201).users;
    good(await operator.post("/admin/balances/grant", { grants: [{ userId: id, amount: 20, reason: "test" }] }), 200);
    const orderIsDelivered = async (): Promise<void> => {
      const orderItems = [{ productId: product.id, quantity: 1 }];
      const { orderId } = good(await new Client(shop.url, id, "shopper").post("/orders", { orderItems }, { connection: "close" }), 201);
      await until(async () => readFileSync(join(dataDir, "events.ndjson"), "utf8").includes(orderId));
    };
    await orderIsDelivered();
    const [victim] = processesOf(shop.child, "relay") as [number];
    process.kill(victim, "SIGKILL");
    await until(async () => processesOf(shop.child, "relay").some((pid) => pid !== victim));
    await orderIsDelivered();
  });

  // Fails if a request waits for a till that is gone, if the till is not started again, or if a worker does not connect again.
  test("while the till is away orders are answered 503, then each key gets the truth", async () => {
    const product = good(await operator.post("/admin/products", { name: "감", price: 10, stock: 100_000 }), 201);
    const [{ id }] = good(await operator.post("/admin/users", { users: [{ name: "손님" }] }), 201).users;
    good(await operator.post("/admin/balances/grant", { grants: [{ userId: id, amount: 1_000_000, reason: "test" }] }), 200);
    const user = new Client(shop.url, id, "shopper");
    const order = (key: string) =>
      user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }, { "idempotency-key": key, connection: "close" });
    const first = new Map<string, Answer>();
    let sent = 0;
    const sendUntil = async (isOver: () => boolean): Promise<void> => {
      while (!isOver()) {
        const key = `key-${sent++}`;
        const answer = await order(key);
        first.set(key, answer);
        if (answer.status === 503) await pause(Number(answer.headers["retry-after"]) * 100);
      }
    };
    const [victim] = processesOf(shop.child, "till") as [number];
    const statuses = (): Set<number> => new Set([...first.values()].map(({ status }) => status));
    const killedAt = { sent: Infinity };
    const load = Array.from({ length: 8 }, () => sendUntil(() => sent > killedAt.sent + 20 && processesOf(shop.child, "till").length > 0));
    await until(async () => first.size >= 100);
    process.kill(victim, "SIGKILL");
    killedAt.sent = sent;
    await until(async () => (await order("after-the-kill")).status === 201);
    await Promise.all(load);
    assert.deepEqual(statuses(), new Set([201, 503]));
    for (const [key, answer] of first) {
      const { status, body } = await order(key);
      assert.equal(status, 201);
      if (answer.status === 201) assert.equal(body.orderId, answer.body.orderId, "an acknowledged order is the answer of its key");
    }
    const stock = good(await call(shop.url, "GET", `/products/${product.id}`), 200).stock;
    assert.equal(stock, 100_000 - first.size - 1, "each key has one order");
  });

  test("SIGTERM ends all processes, with exit code 0", async () => {
    const processes = [...processesOf(shop.child, "till"), ...processesOf(shop.child, "worker")];
    assert.equal(processes.length, 3);
    shop.child.kill("SIGTERM");
    assert.equal((await shop.ended).code, 0);
    for (const pid of processes) assert.throws(() => process.kill(pid, 0));
  });
});

// Fails if a worker listens on any port before the shop does, because the leader would count the worker as open.
test("serve --workers exits with 1 if the port is in use", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const dataDir = mkdtempSync(join(tmpdir(), "jangnal-workers-"));
  const { code, output } = await jangnal(["serve", "--workers", "2"], {
    DATA_DIR: dataDir,
    PORT: String((taken.address() as { port: number }).port),
    LOG_LEVEL: "error",
  });
  taken.close();
  rmSync(dataDir, { recursive: true, force: true });
  assert.equal(code, 1);
  assert.match(output, /^PORT cannot be used/m);
});

test("an invalid number of workers is reported in one line", async () => {
  const { code, output } = await jangnal(["serve", "--workers", "none"], {});
  assert.equal(code, 1);
  assert.match(output.trim(), /^--workers must be a whole number.*$/);
});

async function until(condition: () => Promise<boolean>, ms = 90_000): Promise<void> {
  for (const deadline = Date.now() + ms; !(await condition()); await pause(30))
    if (Date.now() > deadline) assert.fail(`not within ${ms} ms: ${String(condition)}`);
}
