// Connections that cost much and bring nothing, and requests whose end two readers would see at two places: bounded, refused, and nothing
// that stands behind them is done.

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

describe("what one reader takes for one request and another for two", () => {
  const path = (): string => `/users/${user.id}/balance/charge`;
  const lines = (...fields: string[]): string =>
    [`POST ${path()} HTTP/1.1`, "Host: shop", `Authorization: Bearer ${user.token}`, "Content-Type: application/json", ...fields, "", ""].join(
      "\r\n",
    );
  const body = '{"amount":1}';
  const shapes: [name: string, bytes: () => string][] = [
    ["a length and chunks", () => `${lines("Content-Length: 12", "Transfer-Encoding: chunked")}0\r\n\r\n`],
    ["chunks and a length", () => `${lines("Transfer-Encoding: chunked", "Content-Length: 5")}0\r\n\r\n`],
    ["two lengths", () => `${lines("Content-Length: 12", "Content-Length: 0")}${body}`],
    ["two lengths in one", () => `${lines("Content-Length: 12, 0")}${body}`],
    ["a length with a sign", () => `${lines("Content-Length: +12")}${body}`],
    ["a chunk whose size is none", () => `${lines("Transfer-Encoding: chunked")}0x5\r\nhello\r\n0\r\n\r\n`],
    ["a chunk that is longer than it says", () => `${lines("Transfer-Encoding: chunked")}2\r\n{"amount":1}\r\n0\r\n\r\n`],
    ["chunks that are not the last coding", () => `${lines("Transfer-Encoding: chunked, identity")}0\r\n\r\n`],
    ["a coding that there is not", () => `${lines("Transfer-Encoding: xchunked")}0\r\n\r\n`],
    ["a header folded over two lines", () => `${lines("X-Folded: a\r\n b: c", "Content-Length: 12")}${body}`],
    ["a space before the colon", () => `${lines("Content-Length : 12")}${body}`],
    ["bare line feeds", () => `${lines("Content-Length: 12").replaceAll("\r\n", "\n")}${body}`],
    ["a bare carriage return", () => `${lines("X-Odd: a\rContent-Length: 0", "Content-Length: 12")}${body}`],
  ];
  // The last six go red with Node's `insecureHTTPParser`; the others its parser never takes.
  for (const [name, bytes] of shapes) {
    test(`${name}: refused, the connection closed, and nothing behind it done`, async () => {
      const balance = await shop.balanceOf(user);
      const connection = await RawConnection.open(shop.url);
      connection.write(bytes() + charge() + charge());
      assert.equal((await connection.read()).status, 400);
      await connection.ended();
      assert.equal(await shop.balanceOf(user), balance);
    });
  }
});

// Goes red where the server takes fewer connections than that (`maxConnections`).
test("two thousand idle connections, and two thousand that never finish a header, keep nobody else waiting", async () => {
  const idle: RawConnection[] = [];
  for (let i = 0; i < 20; i++) idle.push(...(await Promise.all(Array.from({ length: 200 }, () => RawConnection.open(shop.url)))));
  idle.forEach((connection, i) => i % 2 && connection.write("GET /products HTTP/1.1\r\nX-Slow: "));
  assert.deepEqual(await race(100, () => user.post(`/users/${user.id}/balance/charge`, { amount: 1 })), { 200: 100 });
  idle.forEach((connection, i) => i % 2 && connection.write("a"));
  good(await shop.anyone("GET", "/products"), 200);
  for (const connection of idle) connection.close();
});

// Goes red without MOST_HEAD_BYTES and BODY_LIMIT (server.ts).
test("headers and bodies without an end are cut off where they are too long, and nothing behind them is done", async () => {
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

// Goes red without `removeHeader("connection")` in refuseWith (server.ts): the connection is closed, and breaks under whoever still writes.
test("who sends eight megabytes reads that they are too many, and what comes behind them on the connection is done", async () => {
  const balance = await shop.balanceOf(user);
  const connection = await RawConnection.open(shop.url);
  connection.write(requestText("POST", "/orders", { Authorization: `Bearer ${user.token}` }, " ".repeat(8 * 1024 * 1024)) + charge());
  assert.equal((await connection.read()).status, 413);
  assert.equal((await connection.read()).status, 200);
  connection.close();
  assert.equal(await shop.balanceOf(user), balance + 1);
});
