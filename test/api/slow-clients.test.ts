// Slow clients and ambiguous requests: their number and size are bounded, they are refused, and
// requests behind them on the connection are not executed.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { RawConnection, requestText } from "../support/raw.ts";
import { type Client, good, openTestShop, race, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let user: Client;
before(async () => {
  shop = await openTestShop();
  user = await shop.user();
});
after(() => shop.close());

const charge = (): string =>
  requestText("POST", `/users/${user.id}/balance/charge`, { Authorization: `Bearer ${user.token}` }, JSON.stringify({ amount: 1 }));

describe("ambiguous request framing", () => {
  const path = (): string => `/users/${user.id}/balance/charge`;
  const head = (...fields: string[]): string =>
    [`POST ${path()} HTTP/1.1`, "Host: shop", `Authorization: Bearer ${user.token}`, "Content-Type: application/json", ...fields, "", ""].join(
      "\r\n",
    );
  const body = '{"amount":1}';
  const requests: [description: string, bytes: () => string][] = [
    ["a length and chunks", () => `${head("Content-Length: 12", "Transfer-Encoding: chunked")}0\r\n\r\n`],
    ["chunks and a length", () => `${head("Transfer-Encoding: chunked", "Content-Length: 5")}0\r\n\r\n`],
    ["two lengths", () => `${head("Content-Length: 12", "Content-Length: 0")}${body}`],
    ["two lengths in one", () => `${head("Content-Length: 12, 0")}${body}`],
    ["a length with a sign", () => `${head("Content-Length: +12")}${body}`],
    ["a chunk with an invalid size", () => `${head("Transfer-Encoding: chunked")}0x5\r\nhello\r\n0\r\n\r\n`],
    ["a chunk longer than its size", () => `${head("Transfer-Encoding: chunked")}2\r\n{"amount":1}\r\n0\r\n\r\n`],
    ["chunked as not the last coding", () => `${head("Transfer-Encoding: chunked, identity")}0\r\n\r\n`],
    ["an unknown transfer coding", () => `${head("Transfer-Encoding: xchunked")}0\r\n\r\n`],
    ["a header folded over two lines", () => `${head("X-Folded: a\r\n b: c", "Content-Length: 12")}${body}`],
    ["a space before the colon", () => `${head("Content-Length : 12")}${body}`],
    ["bare line feeds", () => `${head("Content-Length: 12").replaceAll("\r\n", "\n")}${body}`],
    ["a bare carriage return", () => `${head("X-Odd: a\rContent-Length: 0", "Content-Length: 12")}${body}`],
  ];
  // The last six would pass with Node's `insecureHTTPParser`. Node's parser always refuses the
  // others.
  for (const [description, bytes] of requests) {
    test(`a request with ${description} is refused, and its connection is closed before the next request`, async () => {
      const balance = await shop.balanceOf(user);
      const connection = await RawConnection.open(shop.url);
      connection.write(bytes() + charge() + charge());
      assert.equal((await connection.read()).status, 400);
      await connection.ended();
      assert.equal(await shop.balanceOf(user), balance);
    });
  }
});

// The test fails if the server accepts fewer connections (`maxConnections`).
test("two thousand idle connections and two thousand unfinished headers delay no other client", async () => {
  const idle: RawConnection[] = [];
  for (let i = 0; i < 20; i++) idle.push(...(await Promise.all(Array.from({ length: 200 }, () => RawConnection.open(shop.url)))));
  idle.forEach((connection, i) => i % 2 && connection.write("GET /products HTTP/1.1\r\nX-Slow: "));
  assert.deepEqual(await race(100, () => user.post(`/users/${user.id}/balance/charge`, { amount: 1 })), { 200: 100 });
  idle.forEach((connection, i) => i % 2 && connection.write("a"));
  good(await shop.anyone("GET", "/products"), 200);
  for (const connection of idle) connection.close();
});

// The limits are MOST_HEAD_BYTES and BODY_LIMIT (server.ts).
test("headers and bodies that are too large are refused, and requests behind them are not executed", async () => {
  const balance = await shop.balanceOf(user);
  const endless: [status: number, bytes: string][] = [
    [431, `GET /products HTTP/1.1\r\nX-Much: ${"a".repeat(64 * 1024)}\r\n\r\n`],
    [431, `GET /products HTTP/1.1\r\n${"X: y\r\n".repeat(20_000)}\r\n`],
    [
      413,
      requestText(
        "POST",
        "/orders",
        { Authorization: `Bearer ${user.token}`, "Content-Type": "application/json", "Content-Length": "99999999" },
        "{",
      ),
    ],
  ];
  for (const [status, bytes] of endless) {
    const connection = await RawConnection.open(shop.url);
    connection.write(bytes + charge());
    assert.equal((await connection.read()).status, status);
    connection.close();
  }
  assert.equal(await shop.balanceOf(user), balance);
});

// Without `removeHeader("connection")` (server.ts) the connection closes while the client is still
// writing.
test("a client that sends eight megabytes reads 413, and its next request on the connection is served", async () => {
  const balance = await shop.balanceOf(user);
  const connection = await RawConnection.open(shop.url);
  connection.write(requestText("POST", "/orders", { Authorization: `Bearer ${user.token}` }, " ".repeat(8 * 1024 * 1024)) + charge());
  assert.equal((await connection.read()).status, 413);
  assert.equal((await connection.read()).status, 200);
  connection.close();
  assert.equal(await shop.balanceOf(user), balance + 1);
});
