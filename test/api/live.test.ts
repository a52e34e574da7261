// Live figures of the shop, as the operator's console reads them.

import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { test } from "node:test";
import { percentiles, Latency } from "../../src/live/latency.ts";
import type { MetricsSnapshot } from "../../src/live/metrics-snapshot.ts";
import { type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";
import { twoInstances } from "../support/two-instances.ts";

/** The processes of both shops: a shop with workers has one more, their till. */
const WORKERS = Number(process.env["TEST_WORKERS"] ?? 1);
const INSTANCES = 2 * (WORKERS > 1 ? WORKERS + 1 : 1);

const { shop, other: beside } = await twoInstances();

/** Yields the snapshots of each second until the shop or the reader ends the stream. */
async function* watch(at: TestShop, query = ""): AsyncGenerator<MetricsSnapshot> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${at.url}/admin/live${query}`, { headers: { authorization: `Bearer ${at.operator.token}` } }, resolve).on("error", reject);
  });
  assert.equal(response.statusCode, 200);
  assert.match(String(response.headers["content-type"]), /^text\/event-stream/);
  try {
    let text = "";
    for await (const chunk of response) {
      text += String(chunk);
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) yield JSON.parse(data) as MetricsSnapshot;
      }
    }
  } finally {
    response.destroy();
  }
}

/**
 * Reads snapshots until the condition holds for the latest one and the sums since the beginning.
 */
async function until(
  snapshots: AsyncGenerator<MetricsSnapshot>,
  holds: (second: MetricsSnapshot, sum: Record<string, number>) => boolean,
): Promise<MetricsSnapshot> {
  const sum: Record<string, number> = {};
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { value, done } = await snapshots.next();
    assert.ok(!done && Date.now() < deadline, JSON.stringify({ sum, value }));
    const { refusals, ...counts } = value.perSecond;
    for (const [name, count] of [...Object.entries(counts), ...Object.entries(refusals)]) sum[name] = (sum[name] ?? 0) + (count ?? 0);
    if (holds(value, sum)) return value;
  }
}

test("each instance's live feed shows orders, claims, refusals, stock and coupons of all instances", async () => {
  const snapshots = watch(beside);
  await until(snapshots, () => true); // The instances report only while a feed is open.
  // The other instances have received the request and respond.
  await until(snapshots, ({ instances }) => instances.length === INSTANCES);
  const product = await shop.product({ stock: 2, price: 100 });
  const campaign = await shop.campaign({ totalQuantity: 1 });
  const [first, second] = (await shop.users(2, { balance: 1000 })) as [Client, Client];
  const orderItems = [{ productId: product.id, quantity: 1 }];
  good(await first.post("/orders", { orderItems }), 201);
  good(await second.at(beside).post("/orders", { orderItems }), 201);
  refused(await second.post("/orders", { orderItems }), 400, "STOCK_INSUFFICIENT");
  good(await first.post(`/coupons/${campaign.id}/issue`), 201);
  // With an idempotency key the refusal is returned from the till and not thrown.
  refused(await second.post(`/coupons/${campaign.id}/issue`, undefined, { "idempotency-key": "late" }), 409, "COUPON_SOLD_OUT");

  const last = await until(
    snapshots,
    ({ stock, coupons }, sum) =>
      (sum["orders"] ?? 0) > 1.5 &&
      (sum["claims"] ?? 0) > 0.5 &&
      (sum["STOCK_INSUFFICIENT"] ?? 0) > 0.5 &&
      (sum["COUPON_SOLD_OUT"] ?? 0) > 0.5 &&
      stock.some((one) => one.productId === product.id && one.left === 0) &&
      coupons.some((one) => one.couponId === campaign.id && one.left === 0 && one.total === 1),
  );
  assert.equal(last.instances.filter(({ own }) => own).length, 1);
  assert.ok(last.database);
  await snapshots.return(undefined);
});

test("a new reader first gets the past seconds, and the feed ends after the requested number", async () => {
  const first = watch(shop);
  const { at } = await until(first, () => true);
  const seen: string[] = [];
  for await (const second of watch(shop, "?seconds=1")) seen.push(second.at);
  assert.ok(seen.includes(at), JSON.stringify({ at, seen }));
  await first.return(undefined);
});

test("the live feed is for operators only", async () => {
  const [shopper] = (await shop.users(1)) as [Client];
  refused(await shopper.get("/admin/live"), 403, "FORBIDDEN");
  refused(await shop.anyone("GET", "/admin/live"), 401, "UNAUTHENTICATED");
  refused(await shop.operator.get("/admin/live?seconds=0"), 400, "INVALID_REQUEST");
});

// The close of a shop waits for open responses, so it ends the feeds first.
test("a shop closes while a live feed is open", async () => {
  const closing = await openTestShop({ beside: shop });
  const snapshots = watch(closing);
  await snapshots.next();
  const ended = (async () => {
    for (;;) if ((await snapshots.next()).done) return;
  })();
  await closing.close();
  await ended;
});

test("percentiles of several instances are those of all their requests, within seven percent", () => {
  const [quick, slow] = [new Latency(), new Latency()];
  for (let i = 0; i < 98; i++) quick.add(10);
  slow.add(1000);
  slow.add(5000);
  const { p50, p95, p99, max } = percentiles([quick.take(), slow.take()]) ?? { p50: 0, p95: 0, p99: 0, max: 0 };
  for (const [measured, real] of [
    [p50, 10],
    [p95, 10],
    [p99, 1000],
    [max, 5000],
  ] as const)
    assert.ok(measured >= real * 0.999 && measured <= real * 1.071, `${measured} for ${real}`);
  assert.equal(percentiles([quick.take()]), null);
});
