// The client's promises about idempotency keys, retries and refusals, tested with a scripted fetch
// and once against the shop.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, test } from "node:test";
import { createShop, everyPage, isRefusal, isUndecided, Refused, type Retry, type ShopOptions, Unreachable } from "#client";
import { examples } from "../../client/examples.ts";
import { REFUSALS } from "../../src/refusal.ts";
import { openTestShop, type TestShop } from "../support/shop.ts";

type Reply = Response | Error;
const ok = (body: unknown, init: ResponseInit = {}): Response => Response.json(body, init);
const problem = (code: keyof typeof REFUSALS, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ type: "/problems/x", title: "", status: REFUSALS[code].status, code, detail: REFUSALS[code].en }), {
    status: REFUSALS[code].status,
    headers: { "content-type": "application/problem+json; charset=utf-8", ...headers },
  });

/** A client whose fetch returns these replies in turn. Pauses take no time and are recorded. */
function scriptedShop(replies: Reply[], options: Partial<ShopOptions> = {}) {
  const sent: { url: string; method: string; headers: Headers; body: unknown }[] = [];
  const pauses: number[] = [];
  const retries: Retry[] = [];
  const shop = createShop({
    url: "http://shop.test/",
    token: () => "a-token",
    language: () => "en",
    fetch: async (url, init = {}) => {
      sent.push({ url: String(url), method: String(init.method), headers: new Headers(init.headers), body: init.body });
      // An unexpected request ends the call.
      const reply = replies[sent.length - 1] ?? problem("INTERNAL");
      if (reply instanceof Error) throw reply;
      return reply;
    },
    pause: async (ms) => void pauses.push(ms),
    onRetry: (retry) => retries.push(retry),
    ...options,
  });
  return { shop, sent, pauses, retries };
}

const ORDER = { orderItems: [{ productId: "p", quantity: 1 }] };

describe("the requests of the client", () => {
  test("the client escapes path and query parameters and omits undefined ones", async () => {
    const { shop, sent } = scriptedShop([ok({ orders: [], nextCursor: null })]);
    await shop.listUserOrders({ path: { userId: "a/b c" }, query: { limit: 5, cursor: "=&" } });
    assert.equal(sent[0]?.url, "http://shop.test/users/a%2Fb%20c/orders?limit=5&cursor=%3D%26");
    assert.equal(sent[0]?.headers.get("authorization"), "Bearer a-token");
    assert.equal(sent[0]?.headers.get("accept-language"), "en");
    assert.equal(sent[0]?.headers.get("idempotency-key"), null, "a read needs no key");
  });

  // The key is made per call (shop.ts), not per attempt (send.ts).
  test("a call that changes data gets one key for all its attempts", async () => {
    const { shop, sent } = scriptedShop([
      new TypeError("fetch failed"),
      problem("BUSY", { "retry-after": "1" }),
      ok({ orderId: "o" }, { status: 201 }),
      ok({}, { status: 201 }),
    ]);
    const { status, body } = await shop.placeOrder({ body: ORDER });
    assert.deepEqual([status, body.orderId], [201, "o"]);
    const keys = sent.map(({ headers }) => headers.get("idempotency-key"));
    assert.match(String(keys[0]), /^[0-9a-f]{32}$/);
    assert.deepEqual(new Set(keys).size, 1);
    assert.deepEqual(new Set(sent.map((one) => one.body)), new Set([JSON.stringify(ORDER)]));
    await shop.placeOrder({ body: ORDER });
    assert.notEqual(sent[3]?.headers.get("idempotency-key"), keys[0], "another call has another key");
  });

  test("a key of the caller is used as it is", async () => {
    const { shop, sent } = scriptedShop([ok({}, { headers: { "idempotent-replayed": "true" }, status: 201 })]);
    const { replayed } = await shop.placeOrder({ body: ORDER, idempotencyKey: "mine" });
    assert.deepEqual([sent[0]?.headers.get("idempotency-key"), replayed], ["mine", true]);
  });
});

describe("retries of the client", () => {
  // `asked` in send.ts reads the header.
  test("Retry-After is waited for, and onRetry gets its reason", async () => {
    const { shop, pauses, retries } = scriptedShop([
      problem("TOO_MANY_REQUESTS", { "retry-after": "3" }),
      problem("UNAVAILABLE", { "retry-after": "1" }),
      ok({}),
    ]);
    await shop.getShop();
    assert.ok((pauses[0] as number) >= 3000 && (pauses[0] as number) <= 3250, String(pauses));
    assert.ok((pauses[1] as number) >= 1000 && (pauses[1] as number) <= 1250, String(pauses));
    assert.deepEqual(
      retries.map(({ attempt, reason }) => [attempt, isRefusal(reason) && reason.code]),
      [
        [1, "TOO_MANY_REQUESTS"],
        [2, "UNAVAILABLE"],
      ],
    );
  });

  // `Date.parse` in send.ts reads it.
  test("Retry-After may be a date", async () => {
    const inThree = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3000).toUTCString();
    const { shop, pauses } = scriptedShop([problem("UNAVAILABLE", { "retry-after": inThree }), ok({})]);
    await shop.getShop();
    assert.ok((pauses[0] as number) >= 3000 && (pauses[0] as number) <= 4250, String(pauses));
  });

  // isUndecided (errors.ts) needs both the statuses and the code.
  test("errors without a decision are reported as undecided", async () => {
    const isUndecidedAfter = async (reply: Reply): Promise<boolean> =>
      scriptedShop([reply], { tries: 1 })
        .shop.placeOrder({ body: ORDER })
        .then(() => false, isUndecided);
    const undecided = ["BUSY", "UNAVAILABLE", "TOO_MANY_REQUESTS", "IDEMPOTENCY_IN_PROGRESS", "UNAUTHENTICATED"] as const;
    for (const code of undecided) assert.equal(await isUndecidedAfter(problem(code)), true, code);
    assert.equal(await isUndecidedAfter(new TypeError("fetch failed")), true);
    assert.equal(await isUndecidedAfter(new Response("<h1>502</h1>", { status: 502 })), true);
    const decided = [
      "STOCK_INSUFFICIENT",
      "PAYMENT_DECLINED",
      "COUPON_SOLD_OUT",
      "ORDER_NOT_PAYABLE",
      "INVALID_REQUEST",
      "IDEMPOTENCY_KEY_REUSED",
    ] as const;
    for (const code of decided) assert.equal(await isUndecidedAfter(problem(code)), false, code);
  });

  // The limit is `attempt >= tries` in send.ts.
  test("retries end after the given number of attempts", async () => {
    const { shop, sent, pauses } = scriptedShop(Array.from({ length: 9 }, () => problem("BUSY", { "retry-after": "1" })));
    await assert.rejects(shop.placeOrder({ body: ORDER }), (error) => isRefusal(error, "BUSY") && error.retryAfter === 1);
    assert.deepEqual([sent.length, pauses.length], [5, 4]);
  });

  // The limit is `pauseMs > longestPauseMs` in send.ts.
  test("a Retry-After longer than the longest pause is reported at once", async () => {
    const { shop, sent } = scriptedShop([problem("UNAVAILABLE", { "retry-after": "60" })]);
    await assert.rejects(shop.getShop(), (error) => isRefusal(error, "UNAVAILABLE") && error.retryAfter === 60);
    assert.equal(sent.length, 1);
  });

  test("a refusal by the shop is final", async () => {
    for (const code of ["STOCK_INSUFFICIENT", "UNAUTHENTICATED", "PAYMENT_DECLINED", "INTERNAL", "COUPON_SOLD_OUT"] as const) {
      const { shop, sent } = scriptedShop([problem(code)]);
      await assert.rejects(
        shop.placeOrder({ body: ORDER }),
        (error) => error instanceof Refused && error.code === code && error.message === REFUSALS[code].en,
      );
      assert.equal(sent.length, 1, code);
    }
  });

  test("a request that is still in progress is sent again", async () => {
    const { shop, sent } = scriptedShop([problem("IDEMPOTENCY_IN_PROGRESS"), ok({}, { status: 201 })]);
    await shop.placeOrder({ body: ORDER });
    assert.equal(sent.length, 2);
  });

  // Without a key it may have had its effect (`repeatable` in send.ts).
  test("a request without a key is not sent again after a lost response", async () => {
    const { shop, sent } = scriptedShop([new TypeError("fetch failed")]);
    await assert.rejects(shop.paymentWebhook({ body: { eventType: "x" } }), Unreachable);
    assert.equal(sent.length, 1);
  });

  test("a response that is not the shop's counts as unreachable", async () => {
    const { shop, sent } = scriptedShop(Array.from({ length: 5 }, () => new Response("<h1>502 Bad Gateway</h1>", { status: 502 })));
    await assert.rejects(shop.getShop(), Unreachable);
    assert.equal(sent.length, 5);
  });

  // `throwIfAborted` in send.ts checks the signal.
  test("an aborted request is not sent again and rejects with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("the page was left");
    const { shop, sent } = scriptedShop([problem("BUSY", { "retry-after": "1" })], {
      fetch: async () => {
        controller.abort(reason);
        throw new TypeError("aborted");
      },
    });
    await assert.rejects(shop.getShop({ signal: controller.signal }), reason);
    assert.equal(sent.length, 0);
  });

  // Without `signal?.aborted` in send.ts the call would wait for the whole pause.
  test("a call does not pause once its signal is aborted", { timeout: 5000 }, async () => {
    const controller = new AbortController();
    const reason = new Error("the page was left");
    const shop = createShop({
      url: "http://shop.test",
      fetch: async () => problem("BUSY", { "retry-after": "9" }),
      onRetry: () => controller.abort(reason),
    });
    await assert.rejects(shop.getShop({ signal: controller.signal }), reason);
  });

  test("a pause ends when the signal is aborted", async () => {
    const controller = new AbortController();
    const reason = new Error("the page was left");
    const { shop } = scriptedShop([]);
    const patient = createShop({
      url: "http://shop.test",
      fetch: async () => problem("BUSY", { "retry-after": "9" }),
      onRetry: () => queueMicrotask(() => controller.abort(reason)),
    });
    assert.ok(shop);
    await assert.rejects(patient.getShop({ signal: controller.signal }), reason);
  });
});

describe("against the shop", () => {
  let open: TestShop;
  before(async () => {
    open = await openTestShop();
  });
  after(() => open.close());

  test("the README's examples run", async () => {
    const user = await open.user({ balance: 10_000 });
    const product = await open.product({ price: 1000, stock: 4 });
    const folder = mkdtempSync(join(tmpdir(), "jangnal-readme-"));
    try {
      const file = join(folder, "examples.ts");
      const client = pathToFileURL(join(import.meta.dirname, "../../client/src/index.ts")).href;
      writeFileSync(file, examples().replaceAll('"jangnal-client"', JSON.stringify(client)).replace("http://127.0.0.1:3000", open.url));
      Object.assign(globalThis, { given: { TOKEN: user.token, productId: product.id, userId: user.id } });
      await import(pathToFileURL(file).href);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    assert.equal(await open.balanceOf(user), 10_000, "one product bought, the same amount charged");
    assert.equal(await open.stockOf(product), 3);
  });

  test("the client places orders, reads refusals and reads lists to their end", async () => {
    const user = await open.user({ balance: 10_000 });
    const product = await open.product({ price: 1000, stock: 4 });
    const shop = createShop({ url: open.url, token: () => user.token });
    const orderItems = [{ productId: product.id, quantity: 1 }];
    for (let i = 0; i < 3; i++) await shop.placeOrder({ body: { orderItems } });
    const again = await Promise.all([1, 2].map(() => shop.placeOrder({ body: { orderItems }, idempotencyKey: "the fourth".replace(" ", "-") })));
    assert.deepEqual(again.map(({ replayed }) => replayed).sort(), [false, true]);
    await assert.rejects(
      shop.placeOrder({ body: { orderItems } }),
      (error) => isRefusal(error, "STOCK_INSUFFICIENT") && error.problem["available"] === 0,
    );
    const pages: number[] = [];
    for await (const { orders } of everyPage((from) => shop.listUserOrders({ path: { userId: user.id }, query: { limit: 3, ...from } })))
      pages.push(orders.length);
    assert.deepEqual(pages, [3, 1]);
    const metrics = await shop.metrics();
    assert.match(metrics.body, /jangnal_http_answers_total/);
    await assert.rejects(createShop({ url: open.url }).getCart({ path: { userId: user.id } }), (error) => isRefusal(error, "UNAUTHENTICATED"));
  });
});
