// The limit of a request body: 8 MiB for operators' bulk routes, 1 MiB for all others.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RawConnection, requestText } from "../support/raw.ts";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

const MIB = 1024 * 1024;
const BULK = [
  "/admin/balances/grant",
  "/admin/balances/revoke",
  "/admin/coupons/{id}/issue",
  "/admin/products",
  "/admin/shipments",
  "/admin/stock",
  "/admin/users",
];

let shop: TestShop;
let user: Client;
before(async () => {
  shop = await openTestShop();
  user = await shop.user();
});
after(() => shop.close());

/** JSON of exactly this number of bytes, which every route refuses. */
const large = (bytes: number): string => `{"x":"${"x".repeat(bytes - 8)}"}`;

// The route is declared `bulk`.
test("10,000 grants with a reason of ten syllables are accepted", async () => {
  const grants = Array.from({ length: 10_000 }, () => ({ userId: user.id, amount: 1, reason: "추석을 맞아 감사의 마음으로 드리는 포인트" }));
  assert.ok(Buffer.byteLength(JSON.stringify({ grants })) > MIB);
  assert.equal(good(await shop.operator.post("/admin/balances/grant", { grants }), 200).totalAmount, 10_000);
});

test("1,000 products with long descriptions are accepted", async () => {
  const description = "갓 담근 김치를 항아리째 보내 드립니다. ".repeat(30);
  const products = Array.from({ length: 1000 }, (_, i) => ({ name: `김치 ${i}`, description, price: 1000, stock: 1 }));
  assert.ok(Buffer.byteLength(JSON.stringify({ products })) > MIB);
  assert.equal(good(await shop.operator.post("/admin/products", { products }), 201).products.length, 1000);
});

test("bulk routes accept 8 MiB and refuse one byte more", async () => {
  for (const path of BULK) {
    refused(await shop.operator.post(path, large(8 * MIB)), 400, "INVALID_REQUEST");
    refused(await shop.operator.post(path, large(8 * MIB + 1)), 413, "BODY_TOO_LARGE");
  }
});

// takeJson checks the caller.
test("bulk routes accept no more from a shopper than other routes", async () => {
  for (const path of BULK) {
    refused(await user.post(path, large(MIB + 1)), 413, "BODY_TOO_LARGE");
    refused(await user.post(path, large(MIB)), 400, "INVALID_REQUEST");
  }
});

test("every other route accepts 1 MiB, and the OpenAPI document states each limit", async () => {
  const { paths } = good(await shop.anyone("GET", "/openapi.json"), 200) as {
    paths: Record<string, Record<string, { requestBody?: { description: string }; responses: Record<string, unknown> }>>;
  };
  const bulk: string[] = [];
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { requestBody, responses }] of Object.entries(methods)) {
      if (!requestBody) continue;
      assert.ok(responses["413"], `${method} ${path}`);
      if (requestBody.description === "At most 8 MiB.") bulk.push(`${method} ${path}`);
      else if (path === "/admin/catalog/import") assert.match(requestBody.description, /^At most 64 MiB\./);
      else assert.equal(requestBody.description, "At most 1 MiB.", `${method} ${path}`);
    }
  assert.deepEqual(
    bulk.sort(),
    BULK.map((path) => `post ${path}`),
  );
  const others = ["/orders", "/payments", "/admin/coupons", `/users/${user.id}/balance/charge`, "/payments/webhooks/toss"];
  for (const path of others) refused(await shop.operator.post(path, large(MIB + 1)), 413, "BODY_TOO_LARGE");
});

test("a body that is too large is refused while it arrives, and the connection stays usable", async () => {
  const connection = await RawConnection.open(shop.url);
  const headers = { Authorization: `Bearer ${shop.operator.token}`, "Content-Type": "application/json" };
  const chunk = `80000\r\n${" ".repeat(0x80000)}\r\n`;
  const exchange = (text: string): Promise<Answer> => {
    connection.write(text);
    return connection.read();
  };
  refused(
    await exchange(requestText("POST", "/admin/users", { ...headers, "Transfer-Encoding": "chunked" }, `${chunk.repeat(17)}0\r\n\r\n`)),
    413,
    "BODY_TOO_LARGE",
  );
  const body = large(9 * MIB);
  refused(await exchange(requestText("POST", "/admin/users", { ...headers, "Content-Length": String(body.length) }, body)), 413, "BODY_TOO_LARGE");
  assert.equal((await exchange(requestText("GET", "/healthz", {}, ""))).status, 200);
  connection.socket.destroy();
});
