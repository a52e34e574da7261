// The operators' journal: every change by an operator leaves one entry, whatever route it takes.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { OPERATOR_CALLS } from "../support/operator-calls.ts";
import { type Answer, call, Client, good, type Json, openTestShop, refused, SECRET, type TestShop } from "../support/shop.ts";
import { token } from "../support/tokens.ts";

const UNKNOWN_ID = "0197a1c0-0000-7000-8000-000000000002";
type Entry = {
  id: string;
  at: string;
  actor: string;
  operation: string;
  permission: string;
  subjects: { type: string; id: string }[];
  subjectCount: number;
  input: Json;
  counts?: Record<string, number>;
  requestId: string;
  address: string;
  status: number;
  hash: string;
};

let shop: TestShop;
before(async () => {
  shop = await openTestShop();
});
after(() => shop.close());

/** Headers of one request, which names it. */
const named = (): { "x-request-id": string } => ({ "x-request-id": randomUUID() });

async function entriesOf(requestId: string, filter = ""): Promise<Entry[]> {
  const { entries } = good(await shop.operator.get(`/admin/journal?limit=100${filter}`), 200);
  return (entries as Entry[]).filter((entry) => entry.requestId === requestId);
}

async function assertAuditIsClean(): Promise<void> {
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
}

/** The operations that change the shop and that an operator may call. */
async function mutations(): Promise<{ operationId: string; method: string; path: string; permission: string; hasBody: boolean }[]> {
  const { paths } = good(await shop.anyone("GET", "/openapi.json"), 200);
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Json>).flatMap(([method, { operationId, security, requestBody, ...operation }]) =>
      // catalog-import.test.ts tests the entry of a stream of lines.
      method === "get" || security.length === 0 || requestBody?.content["application/x-ndjson"]
        ? []
        : [{ operationId, method: method.toUpperCase(), path, permission: operation["x-permission"] as string, hasBody: requestBody !== undefined }],
    ),
  );
}

describe("each mutation of the OpenAPI document", () => {
  test("has a call in test/support/operator-calls.ts", async () => {
    assert.deepEqual((await mutations()).map(({ operationId }) => operationId).sort(), Object.keys(OPERATOR_CALLS).sort());
  });

  for (const [operationId, prepare] of Object.entries(OPERATOR_CALLS))
    test(`${operationId} by an operator leaves one entry, and its repeat with the same key none`, async () => {
      const { method, path, body, as = shop.operator } = await prepare(shop);
      const [first, repeat] = [named(), named()];
      const key = { "idempotency-key": randomUUID() };
      const answer = await as.send(method, path, body, { ...first, ...key });
      assert.ok(answer.status < 300, JSON.stringify(answer.body));
      const again = await as.send(method, path, body, { ...repeat, ...key });
      assert.deepEqual([again.status, again.body, again.headers["idempotent-replayed"]], [answer.status, answer.body, "true"]);

      const [entry, ...others] = await entriesOf(first["x-request-id"], `&operation=${operationId}`);
      assert.ok(entry);
      assert.deepEqual([others, await entriesOf(repeat["x-request-id"])], [[], []]);
      assert.deepEqual([entry.actor, entry.operation, entry.status], [as.id, operationId, answer.status]);
      // An operation on all things of a kind counts them.
      assert.ok(entry.subjectCount > 0 || entry.counts !== undefined, JSON.stringify(entry));
      assert.equal(entry.subjects.length, entry.subjectCount);
    });

  test("without the permission leaves an entry with status 403", async () => {
    const powerless = token({ alg: "HS256" }, { sub: "powerless", role: "operator", permissions: [] }, SECRET);
    for (const { operationId, permission } of await mutations()) {
      const { method, path, body } = (await OPERATOR_CALLS[operationId]?.(shop)) ?? assert.fail(operationId);
      const request = named();
      const answer = await call(shop.url, method, path, body, { authorization: `Bearer ${powerless}`, ...request });
      refused(answer, 403, "FORBIDDEN");
      const [entry, ...others] = await entriesOf(request["x-request-id"], "&actor=powerless");
      assert.deepEqual(others, []);
      assert.deepEqual([entry?.operation, entry?.permission, entry?.status], [operationId, permission, 403]);
    }
    await assertAuditIsClean();
  });

  test("by a shopper leaves no entry", async () => {
    const user = await shop.user({ balance: 1000 });
    const product = await shop.product();
    const request = named();
    good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }, request), 201);
    refused(await user.post("/admin/products", { name: "사과", price: 1, stock: 1 }, request), 403, "FORBIDDEN");
    assert.deepEqual(await entriesOf(request["x-request-id"]), []);
  });
});

describe("an attempt that is refused", () => {
  async function assertEntry(send: (headers: Record<string, string>) => Promise<Answer>, status: number, code: string): Promise<void> {
    const request = named();
    refused(await send(request), status, code);
    const entries = await entriesOf(request["x-request-id"]);
    assert.deepEqual(
      entries.map((entry) => entry.status),
      [status],
    );
  }

  test("by the rules leaves an entry with its status", async () => {
    const product = await shop.product({ stock: 1, price: 1 });
    const stock = `/admin/variants/${product.variants[0]?.id}/stock`;
    await assertEntry((request) => shop.operator.post(stock, { delta: -2, reason: "실사" }, request), 400, "STOCK_INSUFFICIENT");
    await assertEntry((request) => shop.operator.post(`/orders/${UNKNOWN_ID}/cancel`, {}, request), 404, "ORDER_NOT_FOUND");
    await assertEntry((request) => shop.operator.post("/admin/jobs/no-such-job/run", {}, request), 404, "NOT_FOUND");
    await assertEntry((request) => shop.operator.post(`/admin/events/${UNKNOWN_ID}/replay`, {}, request), 404, "NOT_FOUND");
  });

  test("with a key leaves an entry, and its repeat none", async () => {
    const key = { "idempotency-key": randomUUID() };
    await assertEntry((request) => shop.operator.post(`/orders/${UNKNOWN_ID}/cancel`, {}, { ...request, ...key }), 404, "ORDER_NOT_FOUND");
    const repeat = named();
    refused(await shop.operator.post(`/orders/${UNKNOWN_ID}/cancel`, {}, { ...repeat, ...key }), 404, "ORDER_NOT_FOUND");
    assert.deepEqual(await entriesOf(repeat["x-request-id"]), []);
  });

  test("for its shape, its token or its key leaves no entry", async () => {
    const request = named();
    const key = { "idempotency-key": randomUUID() };
    good(await shop.operator.post("/admin/products", { name: "사과", price: 1, stock: 1 }, key), 201);
    refused(await shop.operator.post("/admin/products", { name: "배", price: 1, stock: 1 }, { ...key, ...request }), 422, "IDEMPOTENCY_KEY_REUSED");
    refused(await shop.operator.post("/admin/products", { name: 1 }, request), 400, "INVALID_REQUEST");
    refused(await shop.anyone("POST", "/admin/products", { name: "배", price: 1, stock: 1 }, request), 401, "UNAUTHENTICATED");
    assert.deepEqual(await entriesOf(request["x-request-id"]), []);
  });
});

describe("an entry", () => {
  test("tells who did what to whom, from where", async () => {
    const proxied = await openTestShop({ beside: shop, env: { TRUST_PROXY: "1" } });
    const user = await shop.user();
    const request = named();
    const operator = new Client(proxied.url, "kim@example.com", "operator");
    const granted = await operator.post(
      "/admin/balances/grant",
      { grants: [{ userId: user.id.toUpperCase(), amount: 900, reason: "환영" }] },
      { ...request, "x-forwarded-for": "203.0.113.7" },
    );
    good(granted, 200);
    await proxied.close();
    const [entry] = await entriesOf(request["x-request-id"], `&actor=kim@example.com&subject=${user.id}`);
    assert.ok(entry);
    const { id, at: instant, hash, ...rest } = entry;
    assert.match(id, /^[\da-f]{8}-[\da-f]{4}-7/);
    assert.match(hash, /^[\da-f]{64}$/);
    assert.ok(Math.abs(Date.parse(instant) - Date.now()) < 60_000);
    assert.deepEqual(rest, {
      actor: "kim@example.com",
      operation: "grantBalances",
      permission: "balances",
      subjects: [{ type: "user", id: user.id }],
      subjectCount: 1,
      input: { grants: [{ userId: user.id.toUpperCase(), amount: 900, reason: "[withheld]" }] },
      requestId: request["x-request-id"],
      address: "203.0.113.7",
      status: 200,
    });
  });

  test("of a bulk request counts all of its subjects and shows a hundred", async () => {
    const request = named();
    const users = Array.from({ length: 3000 }, () => ({ name: "손님" }));
    good(await shop.operator.post("/admin/users", { users }, request), 201);
    const [entry] = await entriesOf(request["x-request-id"]);
    assert.deepEqual([entry?.subjects.length, entry?.subjectCount, entry?.input.users.count], [100, 3000, 3000]);
    assert.ok(entry?.input.users.first.length < 3000);
  });

  test("of a job has the counts of its result", async () => {
    const request = named();
    good(await shop.operator.post("/admin/jobs/expire-orders/run", {}, request), 200);
    const [entry] = await entriesOf(request["x-request-id"]);
    assert.deepEqual([entry?.counts, entry?.subjects], [{ expired: 0 }, [{ type: "job", id: "expire-orders" }]]);
  });

  test("shows no personal data, whatever route it came by", async () => {
    const secrets = ["김비밀", "010-1234-5678", "비밀로 1", "비밀 메모", "비밀 이유", "비밀값", "110-비밀", "secret-key"];
    const [name, phone, line1, note, reason, value, externalId, paymentKey] = secrets;
    const address = { recipient: name, phone, postalCode: "12345", line1, note };
    good(await shop.operator.post("/admin/users", { name, externalId, metadata: { status: value } }), 201);
    const user = await shop.user({ balance: 10_000 });
    const product = await shop.product();
    const placed = await shop.operator.post("/orders", {
      userId: user.id,
      orderItems: [{ productId: product.id, quantity: 1 }],
      shippingAddress: address,
      note,
      metadata: { method: value },
      payment: { method: "DEFERRED" },
    });
    const { orderId } = good(placed, 201);
    good(await shop.operator.patch(`/orders/${orderId}`, { shippingAddress: address, note }), 200);
    await shop.operator.post("/payments", { orderId, method: "CARD", paymentKey });
    const account = { bank: "우리", accountNumber: "1102345678", holderName: name };
    await shop.operator.post(`/admin/orders/${orderId}/refunds`, { reason, customerReason: reason, refundReceiveAccount: account });
    await shop.operator.post(`/admin/variants/${product.variants[0]?.id}/stock`, { delta: 1, reason });
    const { text } = await shop.operator.get("/admin/journal?limit=100");
    assert.deepEqual(
      [...secrets, "1102345678", "12345"].filter((secret) => text.includes(`"${secret}"`)),
      [],
    );
    assert.ok(text.includes('"method":"CARD"') && text.includes('"recipient":"[withheld]"'));
  });

  test("of goods keeps their text", async () => {
    const request = named();
    good(await shop.operator.post("/admin/products", { name: "가을 사과", price: 1, stock: 1, description: "달고 아삭한" }, request), 201);
    const [entry] = await entriesOf(request["x-request-id"]);
    assert.deepEqual([entry?.input.name, entry?.input.price], ["가을 사과", 1]);
  });
});

describe("the list of the journal", () => {
  test("pages through all entries once, newest first", async () => {
    const actor = randomUUID();
    const operator = new Client(shop.url, actor, "operator");
    for (let i = 0; i < 5; i++) good(await operator.post("/admin/users", { name: "손님" }, { "x-request-id": `page-${i}` }), 201);
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: { entries: Entry[]; nextCursor: string | null } = good(
        await shop.operator.get(`/admin/journal?actor=${actor}&limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`),
        200,
      );
      seen.push(...page.entries.map(({ requestId }) => requestId));
      cursor = page.nextCursor;
    }
    assert.deepEqual(seen, ["page-4", "page-3", "page-2", "page-1", "page-0"]);
  });

  test("is filtered by time", async () => {
    const request = named();
    good(await shop.operator.post("/admin/users", { name: "손님" }, request), 201);
    const [entry] = await entriesOf(request["x-request-id"]);
    const instant = entry?.at as string;
    const next = new Date(Date.parse(instant) + 1).toISOString();
    assert.equal((await entriesOf(request["x-request-id"], `&from=${instant}&to=${next}`)).length, 1);
    assert.equal((await entriesOf(request["x-request-id"], `&to=${instant}`)).length, 0);
    assert.equal((await entriesOf(request["x-request-id"], `&from=${next}`)).length, 0);
    refused(await shop.operator.get("/admin/journal?from=yesterday"), 400, "INVALID_REQUEST");
  });
});
