// An unknown route is reported before anything else is checked: 404 for an unknown path, 405 with
// Allow for a known path with another method, for any body, content type or token.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RawConnection, requestText, exchange } from "../support/raw.ts";
import { type Answer, call, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => (shop = await openTestShop()));
after(() => shop.close());

const METHODS = ["POST", "PUT", "PATCH", "DELETE"];
const UNKNOWN = ["/nothing", "/orders/x/y/z", "/admin/nothing", "/users", "/products/", "/x//orders", "/ORDERS"];
/** Each path with the methods it has. */
const KNOWN: [path: string, allow: string][] = [
  ["/products", "GET, HEAD"],
  ["/orders", "POST"],
  ["/payments", "POST"],
  ["/admin/users", "GET, HEAD, POST"],
  ["/products/not-a-uuid", "GET, HEAD"],
  ["/users/me/cart", "DELETE, GET, HEAD"],
  ["/healthz", "GET, HEAD"],
  ["/openapi.json", "GET, HEAD"],
];

/** Bodies and headers that an existing route would refuse or accept. */
const REQUESTS: [description: string, body: string | undefined, headers: Record<string, string>][] = [
  ["no body", undefined, {}],
  ["a body with members", '{"orderItems":[]}', {}],
  ["a list", "[1]", {}],
  ["invalid JSON", "{", {}],
  ["a charset other than UTF-8", "{}", { "content-type": "application/json; charset=latin1" }],
  ["another content type", "<order/>", { "content-type": "application/xml" }],
  ["an empty content type", "x", { "content-type": "" }],
  ["a content encoding", "{}", { "content-encoding": "gzip" }],
  ["more than a mebibyte", `"${"x".repeat(1024 * 1024)}"`, {}],
  ["a bad token", "{}", { authorization: "Bearer x.y.z" }],
  ["a bad idempotency key", "{}", { "idempotency-key": "two words" }],
];

// The hook for `is404` in server.ts answers before any validation.
test("an unknown path is 404 for any request", async () => {
  for (const path of UNKNOWN)
    for (const method of METHODS)
      for (const [description, body, headers] of REQUESTS) {
        const answer = await call(shop.url, method, path, body, headers);
        assert.deepEqual([answer.status, answer.body.code], [404, "NOT_FOUND"], `${method} ${path} with ${description}: ${answer.text}`);
        assert.equal(answer.headers["allow"], undefined);
      }
  refused(await shop.operator.get("/nothing"), 404, "NOT_FOUND");
});

test("a known path with another method is 405 and names the allowed methods, for any request", async () => {
  for (const [path, allow] of KNOWN)
    for (const method of METHODS.filter((one) => !allow.split(", ").includes(one)))
      for (const [description, body, headers] of REQUESTS) {
        const answer = await call(shop.url, method, path, body, headers);
        assert.deepEqual(
          [answer.status, answer.body.code, answer.headers["allow"]],
          [405, "METHOD_NOT_ALLOWED", allow],
          `${method} ${path} with ${description}: ${answer.text}`,
        );
      }
});

test("the pages of the API documentation answer 405 to other methods", async () => {
  for (const path of ["/docs", "/docs/"]) refused(await shop.anyone("POST", path, {}), 405, "METHOD_NOT_ALLOWED");
});

// The test fails if the server closes the connection, or reads the unread body as the next request.
test("a connection stays usable after a body that the server did not read", async () => {
  const connection = await RawConnection.open(shop.url);
  const body = `{"orderItems":[${"1,".repeat(200_000)}1]}`;
  for (const path of ["/nothing", "/products"]) {
    connection.write(requestText("POST", path, { "Content-Length": String(body.length), "Content-Type": "application/json" }, body));
    assert.ok([404, 405].includes((await connection.read()).status));
  }
  connection.write(requestText("GET", "/healthz", {}, ""));
  assert.equal((await connection.read()).status, 200);
  connection.socket.destroy();
});

test("a chunked body and an announced body that never arrives do not change the 404", async () => {
  const [chunked] = await exchange(shop.url, requestText("POST", "/nothing", { "Transfer-Encoding": "chunked" }, "2\r\n[]\r\n0\r\n\r\n"));
  refused(chunked as Answer, 404, "NOT_FOUND");
  const connection = await RawConnection.open(shop.url);
  connection.write(requestText("POST", "/nothing", { "Content-Length": "99999999999" }, ""));
  refused(await connection.read(), 404, "NOT_FOUND");
  connection.socket.destroy();
});
