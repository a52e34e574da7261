// CORS_ORIGINS: which pages may call the shop from a browser.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readConfig } from "../../src/config.ts";
import { type Answer, call, openTestShop, type TestShop } from "../support/shop.ts";

const PAGE = "https://shop.example";
const EXPOSED = "Idempotent-Replayed, Retry-After, X-Request-Id, ETag";
const ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id, Accept-Language";

const preflight = (shop: TestShop, path: string, origin = PAGE, method = "POST"): Promise<Answer> =>
  call(shop.url, "OPTIONS", path, undefined, { origin, "access-control-request-method": method });
const corsOf = ({ headers }: Answer): unknown => Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("access-control-")));

describe("with a list of origins", () => {
  let shop: TestShop;
  before(async () => {
    shop = await openTestShop({ env: { CORS_ORIGINS: `${PAGE}, http://localhost:5173` } });
  });
  after(() => shop.close());

  test("a page of a listed origin may read every answer, refusals and errors too", async () => {
    for (const [method, path] of [
      ["GET", "/products"],
      ["GET", "/nothing"],
      ["POST", "/orders"],
      ["PUT", "/orders"],
      ["GET", "/products/%zz"],
      ["GET", "/openapi.json"],
    ] as const) {
      for (const origin of [PAGE, "http://localhost:5173"]) {
        const answer = await shop.anyone(method, path, undefined, { origin });
        assert.deepEqual(corsOf(answer), { "access-control-allow-origin": origin, "access-control-expose-headers": EXPOSED }, `${method} ${path}`);
        assert.match(String(answer.headers["vary"]), /\bOrigin$/, path);
      }
    }
  });

  test("a page of another origin may read none, and caches learn that the origin matters", async () => {
    for (const origin of ["https://evil.example", "https://shop.example.evil.example", "http://shop.example", "null"]) {
      const answer = await shop.anyone("GET", "/products", undefined, { origin });
      assert.deepEqual([answer.status, corsOf(answer)], [200, {}], origin);
      assert.match(String(answer.headers["vary"]), /\bOrigin$/);
      assert.deepEqual(corsOf(await preflight(shop, "/orders", origin)), {});
    }
    assert.match(String((await shop.anyone("GET", "/products")).headers["vary"]), /\bOrigin$/);
  });

  test("a preflight is answered for every route, and kept for a day", async () => {
    const { body: document } = await shop.anyone("GET", "/openapi.json");
    const operations = Object.entries<Record<string, unknown>>(document.paths).map(([path, methods]) => [path, Object.keys(methods)] as const);
    for (const [path, methods] of operations) {
      const answer = await preflight(shop, path.replaceAll(/\{\w+\}/g, "me"));
      assert.equal(answer.status, 204, path);
      assert.equal(answer.text, "");
      const { "access-control-allow-methods": allowed, ...others } = corsOf(answer) as Record<string, string>;
      for (const method of methods) assert.ok(allowed?.split(", ").includes(method.toUpperCase()), `${path}: ${allowed}`);
      assert.deepEqual(others, {
        "access-control-allow-origin": PAGE,
        "access-control-expose-headers": EXPOSED,
        "access-control-allow-headers": ALLOWED,
        "access-control-max-age": "86400",
      });
    }
  });

  test("OPTIONS that is no preflight is 405, and an unknown path is 404", async () => {
    assert.equal((await shop.anyone("OPTIONS", "/orders")).status, 405);
    assert.equal((await shop.anyone("OPTIONS", "/orders", undefined, { origin: PAGE })).status, 405);
    assert.equal((await preflight(shop, "/nothing")).status, 404);
  });

  test("an answer that varies by more headers names them all", async () => {
    const { headers } = await shop.anyone("GET", "/products", undefined, { origin: PAGE });
    assert.equal(headers["vary"], "Authorization, Accept-Language, Origin");
  });
});

describe("with * and with nothing", () => {
  test("* lets every page read, without credentials", async () => {
    const shop = await openTestShop({ env: { CORS_ORIGINS: "*" } });
    try {
      const answer = await shop.anyone("GET", "/products", undefined, { origin: "https://any.example" });
      assert.deepEqual(corsOf(answer), { "access-control-allow-origin": "*", "access-control-expose-headers": EXPOSED });
      assert.equal((await preflight(shop, "/orders", "https://any.example")).status, 204);
    } finally {
      await shop.close();
    }
  });

  test("without the setting no answer names an origin, and a preflight is 405", async () => {
    const shop = await openTestShop();
    try {
      const answer = await shop.anyone("GET", "/products", undefined, { origin: PAGE });
      assert.deepEqual(corsOf(answer), {});
      assert.equal((await preflight(shop, "/orders")).status, 405);
    } finally {
      await shop.close();
    }
  });
});

test("an origin that no browser sends is refused at the start", () => {
  const wrong = [
    "shop.example",
    "https://shop.example/",
    "https://shop.example/path",
    "https://shop.example:443",
    "ftp://shop.example",
    "a,*",
    "https://a.example,",
  ];
  for (const value of wrong) assert.throws(() => readConfig({ CORS_ORIGINS: value }), /^Error: CORS_ORIGINS must be \* or origins like/, value);
  assert.deepEqual(readConfig({ CORS_ORIGINS: `${PAGE},http://127.0.0.1:8080` }).corsOrigins, [PAGE, "http://127.0.0.1:8080"]);
  assert.equal(readConfig({ CORS_ORIGINS: " " }).corsOrigins, undefined);
});
