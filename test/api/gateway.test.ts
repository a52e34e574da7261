// The adapter and the simulator against the documented API of the gateway (gateway-api.json), and
// the shop against a failing gateway.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { readConfig } from "../../src/config.ts";
import { type GatewayAnswer, GatewayBusy, GatewayUnknown } from "../../src/gateway/gateway.ts";
import { keyFor, scriptOf, stepAt } from "../../src/gateway/simulator/script.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { TossGateway, type TossOptions } from "../../src/gateway/toss/toss.ts";
import { chargeByCard } from "../support/charge.ts";
import { type Answer, type Client, good, type Json, openTestShop, SECRET as TOKEN_SECRET, type TestShop } from "../support/shop.ts";

const API = JSON.parse(readFileSync(new URL("./gateway-api.json", import.meta.url), "utf8"));
const SECRET = "test_sk_must_never_be_logged";
const closing: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const close of closing.toReversed()) await close();
});

type Received = { method: string; path: string; headers: IncomingHttpHeaders; body: Record<string, unknown> };

/** A server with scripted responses that records each request. */
async function stub(
  answer: (received: Received, nth: number) => { status: number; body: unknown } | "hang" | "break",
): Promise<{ url: string; received: Received[]; server: Server }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const one: Received = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: text === "" ? {} : JSON.parse(text),
      };
      const reply = answer(one, received.push(one));
      if (reply === "break") return void response.destroy();
      if (reply !== "hang")
        response
          .writeHead(reply.status, { "content-type": "application/json" })
          .end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, received, server };
}

function adapter(url: string, options: Partial<TossOptions> = {}): TossGateway {
  return new TossGateway({
    url,
    secret: SECRET,
    currency: "KRW",
    timeoutMs: 2000,
    tries: 2,
    concurrency: 10,
    breakerCalls: 1000,
    breakerMs: 1000,
    ...options,
  });
}

async function simulated(options: Partial<ConstructorParameters<typeof Simulator>[0]> = {}): Promise<{ simulator: Simulator; url: string }> {
  const simulator = new Simulator({ secret: SECRET, slowMs: 50, ...options });
  const url = await simulator.listen();
  closing.push(() => simulator.close());
  return { simulator, url };
}

const payment = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  paymentKey: "k",
  orderId: "order-1",
  status: "DONE",
  totalAmount: 1000,
  balanceAmount: 1000,
  ...fields,
});
const confirmation = (fields: Record<string, unknown> = {}) => ({
  paymentKey: "k",
  orderId: "order-1",
  amount: 1000,
  idempotencyKey: randomUUID(),
  ...fields,
});

describe("the requests of the adapter", () => {
  const authorization = `Basic ${Buffer.from(`${SECRET}:`).toString("base64")}`;

  test("a confirm request follows the documented API", async () => {
    const { url, received } = await stub(() => ({ status: 200, body: payment() }));
    await adapter(url).confirm(confirmation({ idempotencyKey: "attempt-1" }));
    const { method, path, headers, body } = received[0] as Received;
    assert.deepEqual([method, path], [API.paths.confirm.method, API.paths.confirm.path]);
    assert.deepEqual(new Set(Object.keys(body)), new Set(API.paths.confirm.required));
    assert.deepEqual([headers.authorization, headers["idempotency-key"], headers["content-type"]], [authorization, "attempt-1", "application/json"]);
  });

  test("a cancel request escapes the payment key and shortens the reason", async () => {
    const { url, received } = await stub(() => ({ status: 200, body: payment({ status: "CANCELED", balanceAmount: 0 }) }));
    await adapter(url).cancel({ paymentKey: "a/b?c", amount: 10, reason: "r".repeat(500), idempotencyKey: "refund-1" });
    const { method, path, headers, body } = received[0] as Received;
    assert.deepEqual([method, path], [API.paths.cancel.method, API.paths.cancel.path.replace("{paymentKey}", "a%2Fb%3Fc")]);
    for (const member of Object.keys(body)) assert.ok([...API.paths.cancel.required, ...API.paths.cancel.optional].includes(member), member);
    assert.equal((body["cancelReason"] as string).length, API.limits.cancelReason);
    assert.deepEqual([body["cancelAmount"], headers["idempotency-key"]], [10, "refund-1"]);
  });

  test("requests for a payment and for transactions follow the documented API", async () => {
    const { url, received } = await stub(({ path }) => ({ status: 200, body: /transactions|settlements/.test(path) ? [] : payment() }));
    await adapter(url).find("k");
    for await (const _ of adapter(url).transactions(Date.parse("2026-11-20T00:00:00+09:00"), Date.parse("2026-11-21T00:00:00+09:00")))
      assert.fail("there is nothing");
    const query = new URL(received[1]?.path ?? "", url).searchParams;
    assert.equal(received[0]?.path, API.paths.find.path.replace("{paymentKey}", "k"));
    for (const name of query.keys()) assert.ok(API.paths.transactions.query.includes(name), name);
    for await (const _ of adapter(url).settlements(Date.parse("2026-11-20T00:00:00+09:00"), Date.parse("2026-11-21T00:00:00+09:00")))
      assert.fail("there are none");
    const settlements = new URL(received.at(-1)?.path ?? "", url);
    for (const name of settlements.searchParams.keys()) assert.ok(API.paths.settlements.query.includes(name), name);
    assert.deepEqual(
      [settlements.pathname, Number(settlements.searchParams.get("size")) <= API.paths.settlements.limitMax],
      ["/v1/settlements", true],
    );
    assert.deepEqual([query.get("startDate"), Number(query.get("limit")) <= API.paths.transactions.limitMax], ["2026-11-20T00:00:00.000", true]);
  });

  // The order id at the gateway is the id of the charge or the order. Both are UUIDs.
  test("the shop's ids are valid order ids at the gateway", () => {
    const id = randomUUID();
    assert.match(id, new RegExp(API.limits.orderIdPattern));
    assert.ok(id.length >= API.limits.orderIdMin && id.length <= API.limits.orderIdMax && `stray-${id}`.length <= API.limits.idempotencyKey);
  });
});

describe("how the adapter interprets responses", () => {
  const outcome = async (status: number, body: unknown): Promise<string> => {
    const { url } = await stub(() => ({ status, body }));
    try {
      const answer: GatewayAnswer = await adapter(url, { tries: 1 }).confirm(confirmation());
      return answer.kind === "payment" ? answer.payment.status : answer.code;
    } catch (error) {
      return error instanceof GatewayUnknown ? "unknown" : String(error);
    }
  };

  // A temporary error, a 5xx or a malformed response must not count as a refusal.
  for (const [status, body, expected] of [
    [200, payment(), "DONE"],
    [200, payment({ totalAmount: "1000", balanceAmount: "1000" }), "DONE"],
    [400, { code: "ALREADY_PROCESSED_PAYMENT", message: "" }, "ALREADY_PROCESSED_PAYMENT"],
    [403, { code: "REJECT_CARD_PAYMENT", message: "" }, "REJECT_CARD_PAYMENT"],
    [422, { code: "NOT_FOUND_PAYMENT", message: "" }, "NOT_FOUND_PAYMENT"],
    [400, { code: "PROVIDER_ERROR", message: "" }, "unknown"],
    [409, { code: "IDEMPOTENT_REQUEST_PROCESSING", message: "" }, "unknown"],
    [429, { code: "TOO_MANY", message: "" }, "unknown"],
    [500, { code: "FAILED_INTERNAL_SYSTEM_PROCESSING", message: "" }, "unknown"],
    [502, "<html>bad gateway</html>", "unknown"],
    [401, { code: "UNAUTHORIZED_KEY", message: "" }, "unknown"],
    [403, "<html>a firewall</html>", "unknown"],
    [200, "not json", "unknown"],
    [400, { code: "FORBIDDEN_CONSECUTIVE_REQUEST", message: "" }, "unknown"],
    [403, { code: "NOT_AVAILABLE_BANK", message: "" }, "NOT_AVAILABLE_BANK"],
    [200, payment({ status: "SOMETHING_NEW" }), "UNRECOGNIZED"],
    [200, payment({ totalAmount: 10.5 }), "UNRECOGNIZED"],
    [200, payment({ status: "ABORTED", totalAmount: 10.5 }), "ABORTED"],
    [200, {}, "unknown"],
  ] as const) {
    test(`a response ${status} ${typeof body === "string" ? body : JSON.stringify(body).slice(0, 70)} means ${expected}`, async () =>
      assert.equal(await outcome(status, body), expected));
  }

  test("the adapter does not follow a redirect, so the secret stays with the gateway", async () => {
    const elsewhere = await stub(() => ({ status: 200, body: payment() }));
    const { url } = await stub(() => ({ status: 307, body: "" }));
    const server = createServer((_, response) => response.writeHead(307, { location: `${elsewhere.url}/v1/payments/confirm` }).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(async () => server.close());
    await assert.rejects(adapter(`http://127.0.0.1:${(server.address() as { port: number }).port}`).confirm(confirmation()), GatewayUnknown);
    await assert.rejects(adapter(url).confirm(confirmation()), GatewayUnknown);
    assert.equal(elsewhere.received.length, 0);
  });
});

describe("the gateway policy", () => {
  // The test fails if a retry uses a new idempotency key.
  test("a call without a response is retried with the same key within its timeout", async () => {
    const { url, received } = await stub((_, nth) => (nth < 3 ? "break" : { status: 200, body: payment() }));
    await adapter(url, { tries: 3, timeoutMs: 1000 }).confirm(confirmation());
    assert.equal(new Set(received.map(({ headers }) => headers["idempotency-key"])).size, 1);
    assert.equal(received.length, 3);
  });

  // Without the timeout this test never ends.
  test("a call ends at its timeout, and its error names neither host nor secret", async () => {
    const { url } = await stub(() => "hang");
    const error = await adapter(url, { timeoutMs: 100 })
      .confirm(confirmation())
      .then(
        () => assert.fail("it answered"),
        (thrown: Error) => thrown,
      );
    assert.ok(error instanceof GatewayUnknown);
    for (const text of [error.message, error.reason, JSON.stringify(error), error.stack ?? "", String(error.cause)])
      assert.doesNotMatch(text, /127\.0\.0\.1|test_sk|Basic/);
  });

  // The test fails without the circuit breaker, and if more than one probe runs at a time.
  test("the circuit breaker opens on failures and lets one probe through after its pause", async () => {
    let healthy = false;
    const { url, received } = await stub(() => (healthy ? { status: 200, body: payment() } : { status: 500, body: {} }));
    const gateway = adapter(url, { tries: 1, breakerCalls: 4, breakerMs: 150 });
    for (let i = 0; i < 4; i++) await assert.rejects(gateway.confirm(confirmation()), GatewayUnknown);
    assert.equal(gateway.policy.state, "open");
    await assert.rejects(gateway.confirm(confirmation()), GatewayBusy);
    await assert.rejects(
      gateway.admit(() => assert.fail("the open breaker admitted a call")),
      GatewayBusy,
    );
    assert.equal(received.length, 4);
    await new Promise((resolve) => setTimeout(resolve, 200));
    healthy = true;
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => gateway.admit(() => gateway.confirm(confirmation()))));
    assert.equal(tries.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal(gateway.policy.state, "closed");
  });

  test("declined payments do not open the circuit breaker", async () => {
    const { url } = await stub(() => ({ status: 403, body: { code: "REJECT_CARD_PAYMENT", message: "" } }));
    const gateway = adapter(url, { breakerCalls: 4 });
    for (let i = 0; i < 20; i++) assert.equal((await gateway.confirm(confirmation())).kind, "refused");
    assert.equal(gateway.policy.state, "closed");
  });

  test("the bulkhead admits a bounded number of calls", async () => {
    const { url } = await stub(() => "hang");
    const gateway = adapter(url, { concurrency: 3, timeoutMs: 150 });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => gateway.admit(() => gateway.confirm(confirmation()))));
    assert.equal(results.filter((one) => one.status === "rejected" && one.reason instanceof GatewayBusy).length, 14);
  });
});

describe("the simulator", () => {
  const conforms = (value: Record<string, unknown>, types: Record<string, string>): void => {
    for (const [member, type] of Object.entries(types)) assert.equal(typeof value[member], type, member);
  };
  const request = async (url: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${SECRET}:`).toString("base64")}`,
        ...(body ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: response.status, body: (await response.json()) as Json };
  };

  test("payments, cancels, cards, transactions and failures of the simulator match the documented API", async () => {
    const { url } = await simulated();
    const body = { paymentKey: "pay-1", orderId: "order-1", amount: 1000 };
    const confirmed = await request(url, "POST", API.paths.confirm.path, body, { "idempotency-key": "a" });
    assert.equal(confirmed.status, 200);
    conforms(confirmed.body, API.payment);
    conforms(confirmed.body.card, API.card);
    assert.ok(API.statuses.includes(confirmed.body.status) && API.methods.includes(confirmed.body.method) && API.types.includes(confirmed.body.type));
    const cancelled = await request(url, "POST", "/v1/payments/pay-1/cancel", { cancelReason: "bruised", cancelAmount: 400 });
    assert.deepEqual([cancelled.body.status, cancelled.body.balanceAmount, cancelled.body.totalAmount], ["PARTIAL_CANCELED", "600", "1000"]);
    conforms(cancelled.body.cancels[0], API.cancelItem);
    assert.deepEqual((await request(url, "GET", "/v1/payments/pay-1")).body, cancelled.body);
    assert.deepEqual((await request(url, "GET", "/v1/payments/orders/order-1")).body, cancelled.body);
    const day = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10);
    const { body: moved } = await request(url, "GET", `/v1/transactions?startDate=${day}T00:00:00&endDate=${day}T23:59:59.999`);
    assert.deepEqual(
      moved.map((one: { status: string; amount: number }) => [one.status, one.amount]),
      [
        ["DONE", 1000],
        ["PARTIAL_CANCELED", -400],
      ],
    );
    for (const one of moved) conforms(one, API.transaction);
    for (const [method, path, sent, status, code] of [
      ["GET", "/v1/payments/unknown", undefined, 404, "NOT_FOUND_PAYMENT"],
      ["POST", API.paths.confirm.path, body, 400, "ALREADY_PROCESSED_PAYMENT"],
      ["POST", API.paths.confirm.path, { ...body, orderId: "short" }, 400, "INVALID_REQUEST"],
      ["POST", API.paths.confirm.path, { paymentKey: "decline-1", orderId: "order-2", amount: 1 }, 403, "REJECT_CARD_PAYMENT"],
      ["POST", "/v1/payments/pay-1/cancel", { cancelReason: "more", cancelAmount: 601 }, 403, "NOT_CANCELABLE_AMOUNT"],
      ["POST", "/v1/payments/unknown/cancel", { cancelReason: "more" }, 404, "NOT_FOUND_PAYMENT"],
    ] as const) {
      const failed = await request(url, method, path, sent);
      assert.deepEqual([failed.status, failed.body.code], [status, code]);
      conforms(failed.body, API.failure);
    }
    assert.equal((await request(url, "GET", "/v1/payments/pay-1", undefined, { authorization: "Basic bm9ib2R5Og==" })).status, 401);
  });

  test("a repeated idempotency key has its effect once and gets the same response", async () => {
    const { url, simulator } = await simulated();
    await request(url, "POST", API.paths.confirm.path, { paymentKey: "pay-1", orderId: "order-1", amount: 1000 });
    const cancel = () => request(url, "POST", "/v1/payments/pay-1/cancel", { cancelReason: "x", cancelAmount: 400 }, { "idempotency-key": "once" });
    assert.deepEqual(await cancel(), await cancel());
    assert.equal(simulator.ledger.payments.get("pay-1")?.left, 600);
    const other = await request(url, "POST", "/v1/payments/pay-1/cancel", { cancelReason: "x", cancelAmount: 1 }, { "idempotency-key": "once" });
    assert.equal(other.status, 400);
  });

  test("the simulator's ledger survives a restart and a partly written line", async () => {
    const folder = mkdtempSync(join(tmpdir(), "jangnal-ledger-"));
    closing.push(async () => rmSync(folder, { recursive: true }));
    const path = join(folder, "gateway.ndjson");
    const first = await simulated({ path });
    const send = (url: string) => adapter(url).confirm(confirmation({ paymentKey: "kept", idempotencyKey: "kept-key" }));
    const confirmed = await send(first.url);
    await first.simulator.close();
    closing.pop();
    appendFileSync(path, '{"payment": {"paymentKey": "half');
    const second = await simulated({ path });
    assert.deepEqual(await send(second.url), confirmed);
    assert.equal(second.simulator.ledger.payments.size, 1);
  });

  test("webhooks have no signature and are repeated until they are accepted", async () => {
    const { url: webhookUrl, received } = await stub((_, nth) => ({ status: nth < 3 ? 500 : 200, body: {} }));
    const { url } = await simulated({ webhookUrl });
    await adapter(url).confirm(confirmation());
    for (let i = 0; received.length < 3 && i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(received.length, 3);
    assert.deepEqual(new Set(Object.keys(received[2]?.body ?? {})), new Set(API.webhook.members));
    assert.equal(received[2]?.body["eventType"], API.webhook.eventType);
  });

  test("a payment key scripts the failures of its calls", () => {
    const script = scriptOf(keyFor({ confirm: ["lost", "error*"], find: ["drop"], webhook: "twice" }, "1"));
    assert.deepEqual(
      [0, 1, 2, 9].map((call) => stepAt(script.confirm, call)),
      ["lost", "error", "error", "error"],
    );
    assert.deepEqual([stepAt(script.find, 0), stepAt(script.find, 1), stepAt(script.cancel, 0), script.webhook], ["drop", "ok", "ok", "twice"]);
    for (const [key, step] of [
      ["decline", "decline"],
      ["timeout-7", "timeout"],
      ["lost-and-found", "ok"],
      ["a decline", "ok"],
    ] as const)
      assert.equal(stepAt(scriptOf(key).confirm, 5), step);
  });
});

describe("a shop whose gateway does not respond", () => {
  async function unpaid(shop: TestShop, count: number): Promise<{ user: Client; orderIds: string[]; productId: string }> {
    const product = await shop.product({ price: 10, stock: 10_000 });
    const user = await shop.user({ balance: 1_000_000 });
    const orders = await Promise.all(
      Array.from({ length: count }, () =>
        user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } }),
      ),
    );
    return { user, orderIds: orders.map((order) => good(order, 201).orderId), productId: product.id };
  }

  test("while the look-ups of other payments hang, a buyer's look-up, order and read are answered", async () => {
    const { simulator, url } = await simulated();
    const env = {
      PAYMENT_GATEWAY_URL: url,
      PAYMENT_GATEWAY_SECRET: SECRET,
      PAYMENT_GATEWAY_TIMEOUT_MS: "60000",
      PAYMENT_GATEWAY_BREAKER_CALLS: "1000",
      PAYMENT_SETTLE_AFTER_MS: "600000",
    };
    const shop = await openTestShop({ env });
    closing.push(() => shop.close());
    const { user, orderIds, productId } = await unpaid(shop, 20);
    const key = (find: string[]): string => keyFor({ confirm: ["cut*"], find, webhook: "never" }, randomUUID());
    const headers = { "idempotency-key": randomUUID() };
    const own = { orderId: orderIds.pop(), method: "CARD", paymentKey: key([]) };
    good(await user.post("/payments", own, headers), 202);
    const others = orderIds.map((orderId) => ({ orderId, method: "CARD", paymentKey: key(["silent*"]) }));
    for (const answer of await Promise.all(others.map((other) => user.post("/payments", other)))) good(answer, 202);

    let isOver = false;
    const job = shop.operator.post("/admin/jobs/settle-payments/run").then((answer) => ((isOver = true), answer));
    for (const { paymentKey } of others)
      good(await shop.anyone("POST", "/payments/webhooks/toss", { eventType: "PAYMENT_STATUS_CHANGED", data: { paymentKey } }), 200);
    while (simulator.calls("find") < 8) await new Promise(setImmediate);
    good(await user.post("/payments", own, headers), 201);
    good(await user.post("/orders", { orderItems: [{ productId, quantity: 1 }] }), 201);
    good(await shop.anyone("GET", `/products/${productId}`), 200);
    assert.equal(isOver, false, "the job still waits for the gateway, and no answer above has waited for it");
    await simulator.close();
    good(await job, 200);
  });

  // Without `admit` around both phases all 200 payments would wait for the gateway and hold stock.
  test("while the gateway hangs, balance orders and products work, and card payments get 202 or 503", async () => {
    let gateway: "hang" | "break" = "hang";
    const { url, received, server } = await stub(() => gateway);
    // Settlement also reads the gateway's ledger.
    const callsFor = (path: string): number => received.filter((request) => request.path.startsWith(path)).length;
    const env = {
      PAYMENT_GATEWAY_URL: url,
      PAYMENT_GATEWAY_SECRET: SECRET,
      PAYMENT_GATEWAY_TIMEOUT_MS: "60000",
      PAYMENT_GATEWAY_CONCURRENCY: "20",
      PAYMENT_GATEWAY_BREAKER_CALLS: "10",
      PAYMENT_GATEWAY_BREAKER_MS: "60000",
      PAYMENT_SETTLE_AFTER_MS: "600000",
    };
    const shop = await openTestShop({ env });
    closing.push(() => shop.close());
    const { user, orderIds, productId } = await unpaid(shop, 200);
    const pay = (orderId: string | undefined): Promise<Answer> => user.post("/payments", { orderId, method: "CARD", paymentKey: randomUUID() });

    const waiting = new Set(orderIds);
    const cards = orderIds.map(async (orderId) => {
      const answer = await pay(orderId);
      waiting.delete(orderId);
      return answer;
    });
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        if (i % 2) good(await shop.anyone("GET", `/products/${productId}`), 200);
        else good(await user.post("/orders", { orderItems: [{ productId, quantity: 1 }] }), 201);
      }),
    );
    // The gateway still holds the calls, so none of the fifty requests waited for it.
    while (waiting.size > 40 || callsFor("/v1/payments/confirm") < 20) await new Promise(setImmediate);
    assert.equal(waiting.size, 40);
    assert.equal(callsFor("/v1/payments/confirm"), 20);

    gateway = "break";
    server.closeAllConnections();
    const byStatus = Map.groupBy(await Promise.all(cards), ({ status }) => status);
    assert.deepEqual(
      new Map(Array.from(byStatus, ([status, answers]) => [status, answers.length])),
      new Map([
        [503, 180],
        [202, 20],
      ]),
    );
    for (const { body, headers } of byStatus.get(503) ?? []) {
      assert.equal(body.code, "BUSY");
      assert.ok(Number(headers["retry-after"]) >= 1);
    }

    // The breaker is open, so payments do not call the gateway. The settlement job has no breaker, and asks about each of its attempts.
    const callsBefore = callsFor("/v1/payments/");
    assert.equal((await pay(orderIds.at(-1))).status, 503);
    assert.equal(callsFor("/v1/payments/"), callsBefore);
    good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
    assert.ok(callsFor("/v1/payments/") >= callsBefore + 20);
    assert.match((await shop.anyone("GET", "/metrics")).body, /jangnal_gateway_breaker\{state="open"\} 1[^]*jangnal_gateway_breaks_total 1/);
    assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
  });
});

describe("settings and commands", () => {
  test("an invalid setting is reported in one line", () => {
    const assertInvalid = (env: Record<string, string>, name: RegExp): void =>
      assert.throws(
        () => readConfig(env),
        (error: Error) => name.test(error.message) && !error.message.includes("\n") && !error.message.includes(SECRET),
      );
    assertInvalid({ PAYMENT_GATEWAY_URL: "https://api.example.com" }, /PAYMENT_GATEWAY_SECRET/);
    assertInvalid({ PAYMENT_GATEWAY_SECRET: SECRET }, /PAYMENT_GATEWAY_URL/);
    assertInvalid({ PAYMENT_GATEWAY_URL: "ftp://api.example.com", PAYMENT_GATEWAY_SECRET: SECRET }, /PAYMENT_GATEWAY_URL/);
    assertInvalid({ PAYMENT_GATEWAY_URL: "http://api.example.com", PAYMENT_GATEWAY_SECRET: SECRET }, /PAYMENT_GATEWAY_URL/);
    assertInvalid({ PAYMENT_GATEWAY_TIMEOUT_MS: "soon" }, /PAYMENT_GATEWAY_TIMEOUT_MS/);
    assert.equal(readConfig({ PAYMENT_GATEWAY_URL: "https://api.tosspayments.com", PAYMENT_GATEWAY_SECRET: SECRET }).gateway.timeoutMs, 10_000);
  });

  const bin = new URL("../../bin/jangnal.mjs", import.meta.url).pathname;

  test("npx jangnal gateway runs a simulator with a page and an endpoint that create payment keys", async () => {
    const child = spawn(process.execPath, [bin, "gateway", "--port", "0", "--secret", SECRET], { stdio: ["ignore", "pipe", "inherit"] });
    closing.push(async () => child.kill("SIGKILL"));
    const [chunk] = (await once(child.stdout, "data")) as [Buffer];
    const url = /http:\/\/[\d.:]+/.exec(chunk.toString())?.[0] ?? "";
    assert.match(await (await fetch(url)).text(), /<form>/);
    const made = await fetch(`${url}/simulator/payment-keys`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ confirm: ["decline*"] }),
    });
    const { paymentKey } = (await made.json()) as { paymentKey: string };
    assert.deepEqual(await adapter(url, { timeoutMs: 2000 }).confirm(confirmation({ paymentKey })), {
      kind: "refused",
      code: "REJECT_CARD_PAYMENT",
      repeated: false,
    });
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });

  test("the log names neither secret nor card, npx jangnal reconcile compares, and a charge needs a card", async () => {
    const { url } = await simulated();
    const beside = await openTestShop({ env: { PAYMENT_GATEWAY_URL: url, PAYMENT_GATEWAY_SECRET: SECRET } });
    closing.push(() => beside.close());
    const { user, orderIds } = await unpaidOne(beside);
    const databaseUrl = beside.shop.config.databaseUrl as string;
    const env = {
      ...process.env,
      DATABASE_URL: databaseUrl,
      PAYMENT_GATEWAY_URL: url,
      PAYMENT_GATEWAY_SECRET: SECRET,
      AUTH_JWT_SECRET: TOKEN_SECRET,
      PORT: "0",
      LOG_LEVEL: "trace",
      BALANCE_FUNDING: "gateway",
      PAYMENT_GATEWAY_TIMEOUT_MS: "300",
    };
    const child = spawn(process.execPath, [bin, "serve"], { env, stdio: ["ignore", "pipe", "pipe"] });
    closing.push(async () => child.kill("SIGKILL"));
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    while (!/open at (http\S+)/.test(output)) await once(child.stderr, "data");
    const instance = { url: /open at (http\S+)/.exec(output)?.[1] ?? "" };
    for (const [i, key] of ["ok-1", "decline-1", "timeout-1", keyFor({ confirm: ["error*"] }, "1")].entries()) {
      assert.ok(
        [201, 202, 402].includes((await user.at(instance).post("/payments", { orderId: orderIds[i], method: "CARD", paymentKey: key })).status),
      );
    }
    good(await chargeByCard(user.at(instance), { amount: 10, paymentKey: "charge-1" }), 200);
    good(await beside.operator.at(instance).post("/admin/jobs/settle-payments/run"), 200);
    child.kill("SIGTERM");
    await once(child, "exit");
    assert.doesNotMatch(output, /test_sk_|43301234|Basic /);

    const reconcile = spawn(process.execPath, [bin, "reconcile"], { env, stdio: ["ignore", "pipe", "pipe"] });
    let report = "";
    for (const stream of [reconcile.stdout, reconcile.stderr]) stream.on("data", (chunk: Buffer) => (report += chunk.toString()));
    const [code] = await once(reconcile, "exit");
    assert.deepEqual([code, /both sides agree/.test(report)], [0, true], report);
  });

  async function unpaidOne(shop: TestShop): Promise<{ user: Client; orderIds: string[] }> {
    const product = await shop.product({ price: 10, stock: 100 });
    const user = await shop.user();
    const orderIds: string[] = [];
    for (let i = 0; i < 4; i++)
      orderIds.push(
        good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } }), 201).orderId,
      );
    return { user, orderIds };
  }
});
