// `serve --workers N`: several instances on one port, one embedded database, and one process to end.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { jangnal, serve } from "../support/process.ts";
import { call, Client, good, race } from "../support/shop.ts";

describe("a shop with two workers", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "jangnal-workers-"));
  let shop: Awaited<ReturnType<typeof serve>>;
  let operator: Client;
  before(async () => {
    shop = await serve({ DATA_DIR: dataDir }, ["--workers", "2"]);
    operator = new Client(shop.url, "an-operator", "operator");
    await until(async () => (await instances()) === 2);
  });
  /** Workers that are open. */
  const instances = async (): Promise<number> =>
    Number(/^jangnal_instances (\d+)/m.exec(String((await call(shop.url, "GET", "/metrics", undefined, { connection: "close" })).body))?.[1]);
  after(async () => {
    shop.child.kill("SIGKILL");
    await shop.ended;
    rmSync(dataDir, { recursive: true, force: true });
  });

  test("opens once, with a demo, and with the embedded database's settings", async () => {
    assert.equal(shop.output().match(/Jangnal is open at/g)?.length, 1);
    assert.ok(good(await call(shop.url, "GET", "/products"), 200).products.length > 0);
    // A page asks one worker who can be signed in as, and another to sign in. (Goes red where only the first is told of DEMO.)
    const asked = Array.from({ length: 6 }, () => call(shop.url, "GET", "/shop", undefined, { connection: "close" }));
    assert.deepEqual(new Set((await Promise.all(asked)).map((answer) => good(answer, 200).demo)), new Set([true]));
    const { users } = good(await operator.get("/admin/users"), 200);
    good(await new Client(shop.url, users[0].id, "shopper").post(`/users/${users[0].id}/balance/charge`, { amount: 1 }), 200);
  });

  test("sells exactly what is there, whichever worker is asked", async () => {
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

  // Goes red where a worker answers for itself: 200 orders were shared by two.
  test("whichever worker is asked for its numbers, they are everybody's", async () => {
    const counts = await Promise.all(
      Array.from({ length: 4 }, async () => String((await call(shop.url, "GET", "/metrics", undefined, { connection: "close" })).body)),
    );
    for (const text of counts) assert.equal(/jangnal_http_answers_total\{method="POST",route="\/orders",status="201"\} (\d+)/.exec(text)?.[1], "50");
  });

  // Goes red where each worker simulates a gateway of its own, whose book knows nothing of what was paid through the others.
  test("what was paid by card through one worker is given back through another", async () => {
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

  // Goes red where the leader writes down only that it is over, and keeps the report: the next request is another worker's.
  test("a rehearsal is followed at whichever worker answers, and nobody is served out of order", async () => {
    const product = good(await operator.post("/admin/products", { name: "백자", price: 10, stock: 40 }), 201);
    const campaign = good(
      await operator.post("/admin/coupons", { name: "열 원 중 일 원", discount: { type: "FIXED", amount: 1 }, totalQuantity: 30 }),
      201,
    );
    const plan = { productId: product.id, couponId: campaign.id, buyers: 200, arriveWithinMs: 500 };
    const { id } = good(await operator.post("/admin/rehearsals", plan, { connection: "close" }), 201);
    // Connections that come at once are handed to both.
    const asked = () =>
      Promise.all(Array.from({ length: 6 }, async () => good(await operator.get(`/admin/rehearsals/${id}`, { connection: "close" }), 200)));
    await until(async () => (await asked()).every(({ finishedAt }) => finishedAt !== null), 90_000);
    const [one, ...others] = await asked();
    for (const other of others) assert.deepEqual(other, one);
    const { state, report } = one;
    assert.equal(state, "DONE");
    assert.deepEqual([report.claims.succeeded, report.orders.succeeded], [30, 40]);
    assert.deepEqual([report.claims.refusedBy, report.orders.refusedBy], [{ COUPON_SOLD_OUT: 170 }, { STOCK_INSUFFICIENT: 160 }]);
    assert.deepEqual([report.claims.order.outOfOrder, report.orders.order.outOfOrder], [0, 0]);
    assert.deepEqual([report.left, report.refunded, report.audit.violations], [{ stock: 0, coupons: 0 }, 40, 0]);
  });

  test("a worker that dies is replaced, and nobody who asks meanwhile is turned away for long", async () => {
    const [victim] = await workersOf(shop.child.pid);
    process.kill(victim as number, "SIGKILL");
    // A connection that was being handed to it when it died is answered by nobody: whoever asks gives up and asks again.
    const asked = () => call(shop.url, "GET", "/healthz", undefined, { connection: "close" }).catch(() => ({ status: 0 }));
    await until(async () => (await Promise.race([asked(), pause(1000, { status: 0 })])).status === 200);
    await until(async () => (await Promise.race([instances(), pause(1000, 0)])) === 2);
    assert.equal((await workersOf(shop.child.pid)).includes(victim as number), false);
  });

  test("SIGTERM ends all of it with 0", async () => {
    const workers = await workersOf(shop.child.pid);
    shop.child.kill("SIGTERM");
    assert.equal((await shop.ended).code, 0);
    for (const pid of workers) assert.throws(() => process.kill(pid, 0));
  });
});

// Goes red where anything listens in a worker before the shop does: then the first one seems to have been open.
test("a port that is taken ends it with 1", async () => {
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

test("a wrong number of workers is said in one line", async () => {
  const { code, output } = await jangnal(["serve", "--workers", "none"], {});
  assert.equal(code, 1);
  assert.match(output.trim(), /^--workers must be a whole number.*$/);
});

/** Node processes that are this one's children. */
async function workersOf(pid: number | undefined): Promise<number[]> {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  return children.filter((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes("jangnal.mjs"));
}

async function until(condition: () => Promise<boolean>, ms = 30_000): Promise<void> {
  for (const deadline = Date.now() + ms; !(await condition()); await pause(30))
    if (Date.now() > deadline) assert.fail(`not within ${ms} ms: ${String(condition)}`);
}
