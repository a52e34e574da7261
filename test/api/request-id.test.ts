// X-Request-Id: taken over from the client or made, on every answer, and in every problem document.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exchange, requestText } from "../support/raw.ts";
import { type Client, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let user: Client;
before(async () => {
  shop = await openTestShop();
  user = await shop.user({ balance: 1000 });
});
after(() => shop.close());

const PATHS = ["/products", "/healthz", "/docs/", "/openapi.json", "/metrics", "/nothing", "/users/me/balance", "/"];

test("an answer has the request's own id, on every kind of route", async () => {
  for (const path of PATHS) {
    const { headers, status } = await shop.anyone("GET", path, undefined, { "x-request-id": "client's-own/1", accept: "text/html" });
    assert.equal(headers["x-request-id"], "client's-own/1", `${path} ${status}`);
  }
});

test("an answer to a request without an id has a new one, each another", async () => {
  const ids = await Promise.all([...PATHS, ...PATHS].map(async (path) => (await shop.anyone("GET", path)).headers["x-request-id"]));
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(String(id), /^[\x21-\x7e]{1,128}$/);
});

test("an id that is not 1 to 128 visible ASCII characters is replaced", async () => {
  const longest = "x".repeat(128);
  assert.equal((await shop.anyone("GET", "/products", undefined, { "x-request-id": longest })).headers["x-request-id"], longest);
  for (const id of [`${longest}x`, "", "two words", "caf\u00e9"]) {
    const { headers } = await shop.anyone("GET", "/products", undefined, { "x-request-id": id });
    assert.notEqual(headers["x-request-id"], id);
    assert.match(String(headers["x-request-id"]), /^[\x21-\x7e]{1,128}$/);
  }
});

test("a problem document names the id, with characters that JSON escapes", async () => {
  const answer = await shop.anyone("GET", "/nothing", undefined, { "x-request-id": '"quoted\\' });
  refused(answer, 404, "NOT_FOUND");
  assert.equal(answer.body.requestId, '"quoted\\');
});

test("a replayed refusal names the id of the repeat, and the rest of it is the first answer's", async () => {
  const order = { orderItems: [{ productId: (await shop.product({ stock: 1 })).id, quantity: 2 }] };
  const send = async (id: string) => user.post("/orders", order, { "idempotency-key": "refused", "x-request-id": id });
  const first = await send("first");
  const again = await send("again");
  assert.equal(again.headers["idempotent-replayed"], "true");
  assert.deepEqual([first.body.requestId, again.body.requestId], ["first", "again"]);
  assert.deepEqual(refused(again, 400, "STOCK_INSUFFICIENT"), refused(first, 400, "STOCK_INSUFFICIENT"));
});

test("bytes that are no HTTP request, and malformed paths, are answered with an id", async () => {
  const [tooMuch] = await exchange(shop.url, requestText("GET", "/products", { "X-Much": "a".repeat(20_000) }));
  assert.equal(tooMuch?.body.requestId, tooMuch?.headers["x-request-id"]);
  assert.equal(typeof tooMuch?.body.requestId, "string");
  const [malformed] = await exchange(shop.url, requestText("GET", "/products/%zz", { "X-Request-Id": "mine" }));
  assert.deepEqual([malformed?.status, malformed?.body.requestId, malformed?.headers["x-request-id"]], [400, "mine", "mine"]);
});
