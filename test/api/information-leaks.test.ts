// Responses reveal nothing about how the shop is made, and their headers tell browsers how to treat
// them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test, type TestContext } from "node:test";
import pg from "pg";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";
import { FaultProxy } from "../support/fault-proxy.ts";

let shop: TestShop;
let user: Client;
before(async () => {
  shop = await openTestShop();
  user = await shop.user({ balance: 1000 });
});
after(() => shop.close());

describe("headers", () => {
  const SOME_ID = "0197a1c0-0000-7000-8000-000000000001";
  const responses = (): Promise<Answer>[] => [
    shop.anyone("GET", "/products"),
    shop.anyone("GET", "/nothing"),
    shop.anyone("GET", "/products/%zz"),
    shop.anyone("GET", `/orders/${SOME_ID}`),
    shop.anyone("PUT", "/orders"),
    user.get(`/users/${user.id}/balance`),
    user.get(`/orders/${SOME_ID}`),
    user.post("/orders", "{"),
    user.get("/admin/users"),
    shop.anyone("GET", "/metrics"),
    shop.anyone("GET", "/openapi.json"),
  ];

  test("each response forbids type sniffing, scripts and framing", async () => {
    for (const { headers, text } of await Promise.all(responses())) {
      assert.equal(headers["x-content-type-options"], "nosniff", text);
      assert.equal(headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'", text);
    }
  });

  test("responses to authenticated callers are not cached", async () => {
    for (const path of [`/users/${user.id}/balance`, `/orders/${SOME_ID}`, "/admin/users", "/orders/nonsense"])
      assert.equal((await user.get(path)).headers["cache-control"], "no-store", path);
    assert.equal((await shop.anyone("GET", `/orders/${SOME_ID}`)).headers["cache-control"], "no-store");
    assert.equal((await user.post(`/users/${user.id}/balance/charge`, { amount: 1 })).headers["cache-control"], "no-store");
  });

  test("no header names the server software", async () => {
    for (const { headers } of await Promise.all(responses()))
      for (const name of ["server", "x-powered-by", "via"]) assert.equal(headers[name], undefined);
  });

  test("each response declares its charset, and each problem its content type", async () => {
    for (const { status, headers } of await Promise.all(responses())) {
      if (status >= 400) assert.equal(headers["content-type"], "application/problem+json; charset=utf-8");
      else assert.match(String(headers["content-type"]), /charset=utf-8/);
    }
  });
});

describe("the page of the API documentation", () => {
  test("the page of the API documentation loads only its own files and forbids others", async () => {
    const page = await shop.anyone("GET", "/docs/");
    const policy = String(page.headers["content-security-policy"]);
    assert.equal(
      policy.replace(/ 'sha256-[^']+'/, ""),
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    const [, inline = ""] = /<script type="text\/javascript">([^]*?)<\/script>/.exec(page.text) ?? [];
    assert.ok(policy.includes(createHash("sha256").update(inline).digest("base64")));
    const addresses = [...page.text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
    assert.deepEqual(addresses, ["js/scalar.js"]);
    assert.ok(!/https?:/.test(page.text));
    const script = await shop.anyone("GET", "/docs/js/scalar.js");
    assert.equal(script.status, 200);
    assert.match(String(script.headers["content-type"]), /javascript/);
    assert.ok(script.text.length > 1_000_000);
  });

  test("the page of the API documentation redirects to its path with a slash", async () => {
    const answer = await shop.anyone("GET", "/docs");
    assert.equal(answer.status, 301);
    assert.equal(answer.headers["location"], "/docs/");
  });
});

describe("internal failures", () => {
  /** Asserts that the response contains only the members that the contract gives a problem. */
  function assertRevealsNothing(answer: Answer, status: number, code: string): void {
    const { type, title, detail, retryAfter, ...others } = refused(answer, status, code);
    assert.deepEqual(others, { status, code });
    assert.doesNotMatch(answer.text, /select|insert|relation|column|postgres|pg_|node:|\.ts|at \w+ \(|127\.0\.0\.1|localhost|ECONN|5432/i);
    assert.ok(type && title && detail && (status !== 503 || retryAfter));
  }

  /** A separate shop and a connection to its database. */
  async function breakableShop(t: TestContext): Promise<{ broken: TestShop; client: pg.Client; log: string[] }> {
    const log: string[] = [];
    const broken = await openTestShop({ env: { LOG_LEVEL: "error" }, logTo: { write: (line) => void log.push(line) } });
    const client = new pg.Client({ connectionString: broken.shop.config.databaseUrl });
    t.after(async () => {
      await client.end();
      await broken.close();
    });
    await client.connect();
    return { broken, client, log };
  }

  test("a damaged database is 500 without details, which are in the log", async (t) => {
    const { broken, client, log } = await breakableShop(t);
    const me = await broken.user({ balance: 1000 });
    const product = await broken.product();
    const order = good(await me.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
    for (const table of ["orders", "balance_transactions", "variants", "jobs", "order_events"])
      await client.query(`ALTER TABLE ${table} RENAME TO ${table}_gone`);
    assertRevealsNothing(await me.get(`/orders/${order.orderId}`), 500, "INTERNAL");
    assertRevealsNothing(await me.get(`/users/${me.id}/balance/transactions`), 500, "INTERNAL");
    assertRevealsNothing(await broken.anyone("GET", `/products/${product.id}`), 500, "INTERNAL");
    assertRevealsNothing(await me.post(`/users/${me.id}/balance/charge`, { amount: 1 }), 500, "INTERNAL");
    assertRevealsNothing(await me.post(`/users/${me.id}/balance/charge`, { amount: 1 }, { "idempotency-key": "broken" }), 500, "INTERNAL");
    assertRevealsNothing(await me.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 500, "INTERNAL");
    assertRevealsNothing(await broken.operator.post("/admin/jobs/expire-orders/run"), 500, "INTERNAL");
    assertRevealsNothing(await broken.operator.get("/admin/events"), 500, "INTERNAL");
    assertRevealsNothing(await broken.operator.get("/admin/audit"), 500, "INTERNAL");
    const faults = log.filter((line) => line.includes("a request failed with an unexpected error"));
    assert.ok(faults.length >= 8 && faults.some((line) => /relation .*orders.* does not exist/.test(line)), faults.join(""));
  });

  test("an internal error is not stored under an idempotency key", async (t) => {
    const { broken, client } = await breakableShop(t);
    const me = await broken.user();
    const charge = (): Promise<Answer> => me.post(`/users/${me.id}/balance/charge`, { amount: 1 }, { "idempotency-key": "repaired" });
    await client.query("ALTER TABLE balance_transactions RENAME TO gone");
    assertRevealsNothing(await charge(), 500, "INTERNAL");
    await client.query("ALTER TABLE gone RENAME TO balance_transactions");
    good(await charge(), 200);
    assert.equal(await broken.balanceOf(me), 1);
  });

  test("an unreachable database is 503 with Retry-After and without details", async (t) => {
    const proxy = await FaultProxy.open(shop.shop.config.databaseUrl as string);
    const remote = await openTestShop({ env: { DATABASE_URL: proxy.url, LOCK_WAIT_MS: "300" }, beside: shop });
    t.after(async () => {
      proxy.reconnect();
      await remote.close();
      await proxy.close();
    });
    assert.equal(remote.shop.config.databaseUrl, proxy.url);
    const me = user.at(remote);
    good(await me.get(`/users/${me.id}/balance`), 200);
    proxy.disconnect();
    assertRevealsNothing(await me.get(`/users/${me.id}/balance`), 503, "UNAVAILABLE");
    assertRevealsNothing(await me.post(`/users/${me.id}/balance/charge`, { amount: 1 }), 503, "UNAVAILABLE");
    assertRevealsNothing(await remote.anyone("GET", "/readyz"), 503, "UNAVAILABLE");
    good(await remote.anyone("GET", "/healthz"), 200);
  });
});
