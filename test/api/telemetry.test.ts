// OpenTelemetry against a stand-in for a collector: which spans belong together, which names they have, and which data they do not have.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { test, type TestContext } from "node:test";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { type CollectedSpan, Collector } from "../support/collector.ts";
import { type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = "b7ad6b7169203331";
const SAMPLED = { traceparent: `00-${TRACE}-${CALLER}-01` };

/** A shop whose traces and metrics have arrived at the collector when `settle` resolves. It closes the shop. */
async function openTraced(t: TestContext, env: Record<string, string> = {}) {
  const collector = await Collector.open();
  const shop = await openTestShop({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env } });
  let closing: Promise<void> | undefined;
  const settle = (): Promise<void> => (closing ??= shop.close());
  t.after(async () => {
    await settle();
    await collector.close();
  });
  const childrenOf = ({ spanId }: { spanId: string }): CollectedSpan[] => collector.spans.filter(({ parentSpanId }) => parentSpanId === spanId);
  return { collector, shop, settle, childrenOf };
}

async function orderByCard(shop: TestShop, user: Client, headers: Record<string, string> = {}): Promise<void> {
  const items = { orderItems: [{ productId: (await shop.product()).id, quantity: 1 }], payment: { method: "DEFERRED" } };
  const { orderId } = good(await user.post("/orders", items), 201);
  good(await user.post("/payments", { orderId, method: "CARD", paymentKey: keyFor({}, orderId) }, headers), 201);
  good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
}

// Fails if a context is lost on the way: at the body, in the queue, at the gateway's call.
test("a card payment is one trace, from the caller's span to the database and the gateway", async (t) => {
  const { collector, shop, settle, childrenOf } = await openTraced(t);
  await orderByCard(shop, await shop.user(), SAMPLED);
  await settle();
  const ofTrace = collector.spans.filter(({ traceId }) => traceId === TRACE);
  const request = ofTrace.find(({ parentSpanId }) => parentSpanId === CALLER) as CollectedSpan;
  assert.equal(request.name, "POST /payments");
  assert.equal(request.kind, 2);
  assert.deepEqual(request.attributes, {
    "http.request.method": "POST",
    "http.route": "/payments",
    "url.scheme": "http",
    "http.response.status_code": 201,
  });
  const parts = childrenOf(request);
  const commands = parts.filter(({ name }) => name.startsWith("command "));
  assert.ok(commands.length >= 2, JSON.stringify(parts));
  for (const command of commands) {
    const rounds = childrenOf(command);
    assert.deepEqual(
      rounds.map(({ name }) => name),
      ["round"],
    );
    const flights = childrenOf(rounds[0] as CollectedSpan);
    assert.deepEqual(flights.map(({ name }) => name).slice(0, 1), ["LOCK"]);
    for (const { attributes } of flights) assert.equal(attributes["db.system.name"], "postgresql");
  }
  assert.ok(ofTrace.some(({ name }) => name === "COMMIT"));
  const gateway = parts.find(({ name }) => name === "gateway confirm");
  assert.equal(gateway?.attributes["http.request.method"], "POST");
});

test("commands that share a round are linked with it, and events with the rounds that made them", async (t) => {
  const { collector, shop, settle } = await openTraced(t);
  const users = await shop.users(20, { balance: 5000 });
  const { id: productId } = await shop.product();
  await Promise.all(users.map((user) => user.post("/orders", { orderItems: [{ productId, quantity: 1 }] })));
  good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
  await settle();
  const orders = collector.spans.filter(({ name }) => name === "command place order");
  const rounds = collector.spans.filter(({ name }) => name === "round");
  assert.equal(orders.length, 20);
  for (const { spanId, links } of orders) {
    const own = rounds.filter(({ parentSpanId }) => parentSpanId === spanId);
    const linked = rounds.filter((round) => links.some((link) => link.spanId === round.spanId));
    assert.ok(own.length + linked.length >= 1);
    for (const round of linked) assert.ok(round.links.some((link) => link.spanId === spanId));
  }
  const sends = collector.spans.filter(({ attributes }) => attributes["messaging.operation.type"] === "send");
  const ofOrders = new Set(rounds.map(({ spanId }) => spanId));
  assert.ok(sends.some(({ links }) => links.some(({ spanId }) => ofOrders.has(spanId))));
});

test("metrics have standard names, and the shop's own come too", async (t) => {
  const { collector, shop, settle } = await openTraced(t);
  await orderByCard(shop, await shop.user());
  refused(await shop.anyone("GET", "/no/such/path"), 404, "NOT_FOUND");
  await settle();
  for (const name of [
    "http.server.request.duration",
    "db.client.operation.duration",
    "http.client.request.duration",
    "messaging.client.operation.duration",
  ])
    assert.equal(collector.metrics.get(name)?.unit, "s", name);
  const requests = collector.metrics.get("http.server.request.duration")?.points ?? [];
  const payments = requests.find(({ attributes }) => attributes["http.route"] === "/payments");
  assert.deepEqual(payments?.attributes["http.response.status_code"], 201);
  assert.equal(Number(payments?.count), 1);
  assert.ok(requests.some(({ attributes }) => attributes["http.route"] === "unknown"));
  assert.ok(Number(collector.metrics.get("jangnal.till.commands")?.points[0]?.value) > 0);
  assert.ok(collector.metrics.has("jangnal.events.waiting"));
  const [resource] = collector.resources;
  assert.equal(resource?.["service.name"], "jangnal");
  assert.ok(resource?.["service.instance.id"] && resource["service.version"]);
});

// Fails if the caller's decision is not taken over.
test("a caller decides whether its request is traced, and otherwise the ratio", async (t) => {
  const { collector, shop, settle } = await openTraced(t, { OTEL_TRACES_SAMPLER_ARG: "0" });
  good(await shop.anyone("GET", "/products", undefined, SAMPLED), 200);
  good(await shop.anyone("GET", "/products", undefined, { traceparent: `00-${TRACE.replace("0", "1")}-${CALLER}-00` }), 200);
  good(await shop.anyone("GET", "/products"), 200);
  await settle();
  assert.deepEqual([...new Set(collector.spans.map(({ traceId }) => traceId))], [TRACE]);
});

test("neither traces nor metrics have tokens, paths, queries, bodies or callers", async (t) => {
  const { collector, shop, settle } = await openTraced(t);
  const user = await shop.user({ balance: 5000 });
  const { id: productId } = await shop.product();
  good(await user.post("/orders", { orderItems: [{ productId, quantity: 1 }], note: "a-secret-note" }, { "idempotency-key": "a-secret-key" }), 201);
  good(await shop.operator.get("/admin/products?q=a-secret-query"), 200);
  refused(await user.post("/orders", { orderItems: [{ productId, quantity: 99 }] }), 400, "BALANCE_INSUFFICIENT");
  await settle();
  assert.ok(collector.text.includes("POST /orders"));
  const digest = createHash("sha256").update(user.id).digest("hex").slice(0, 16);
  for (const secret of ["a-secret", user.id, productId, user.token, shop.operator.token, shop.operator.id, digest])
    assert.ok(!collector.text.includes(secret), secret);
});

test("a log line names the request's trace", async (t) => {
  const collector = await Collector.open();
  const lines: string[] = [];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, LOG_LEVEL: "info" };
  const shop = await openTestShop({ env, logTo: { write: (line) => void lines.push(line) } });
  t.after(async () => {
    await shop.close();
    await collector.close();
  });
  refused(await shop.anyone("GET", "/admin/users", undefined, SAMPLED), 401, "UNAUTHENTICATED");
  assert.ok(lines.some((line) => (JSON.parse(line) as { trace?: string }).trace === TRACE));
});

// The server accepts connections and never answers.
test("a collector that hangs keeps no request waiting and lets the shop close", async (t) => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const { port } = silent.address() as { port: number };
  const shop = await openTestShop({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` } });
  t.after(() => {
    silent.closeAllConnections();
    silent.close();
  });
  good(await shop.anyone("GET", "/products"), 200);
  await shop.close();
});
