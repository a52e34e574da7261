// The log of requests: one line each, without secrets.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test, type TestContext } from "node:test";
import { exchange } from "../support/raw.ts";
import { type Client, good, type Json, openTestShop, refused, type TestShop } from "../support/shop.ts";

type Line = Json;

/** A shop with this log level, and the lines that it has logged for requests. */
async function openLogged(t: TestContext, level: string) {
  const text: string[] = [];
  const shop = await openTestShop({ env: { LOG_LEVEL: level }, logTo: { write: (line) => void text.push(line) } });
  t.after(() => shop.close());
  const lines = (): Line[] => text.map((line) => JSON.parse(line)).filter(({ requestId }) => requestId !== undefined);
  return { shop, text, lines };
}

const digest = ({ id }: Client): string => createHash("sha256").update(id).digest("hex").slice(0, 16);

function lineOf(lines: Line[], requestId: string): Line {
  const found = lines.filter((line) => line.requestId === requestId);
  assert.equal(found.length, 1, `${requestId}: ${JSON.stringify(found)}`);
  const { pid: _pid, hostname: _hostname, time: _time, tookMs, ...line } = found[0];
  assert.ok(typeof tookMs === "number" && tookMs >= 0);
  return line;
}

// Each of these asserts fails if the line is written at another level, or twice.
test("at info a refused request leaves one line, and an answered one none", async (t) => {
  const { shop, lines } = await openLogged(t, "info");
  const user = await shop.user({ balance: 100 });
  good(await user.get(`/users/${user.id}/balance`, { "x-request-id": "answered" }), 200);
  const order = { orderItems: [{ productId: (await shop.product()).id, quantity: 1 }] };
  refused(await user.post("/orders", order, { "x-request-id": "refused" }), 400, "BALANCE_INSUFFICIENT");
  refused(await shop.anyone("GET", "/no/such/path", undefined, { "x-request-id": "unknown" }), 404, "NOT_FOUND");
  refused(await shop.anyone("GET", "/admin/users", undefined, { "x-request-id": "stranger" }), 401, "UNAUTHENTICATED");
  const msg = "a request was refused";
  assert.deepEqual(lineOf(lines(), "refused"), {
    level: 30,
    requestId: "refused",
    method: "POST",
    route: "/orders",
    status: 400,
    code: "BALANCE_INSUFFICIENT",
    caller: digest(user),
    msg,
  });
  const unknown = { level: 30, requestId: "unknown", method: "GET", route: "unknown", status: 404, code: "NOT_FOUND", msg };
  assert.deepEqual(lineOf(lines(), "unknown"), unknown);
  const stranger = { level: 30, requestId: "stranger", method: "GET", route: "/admin/users", status: 401, code: "UNAUTHENTICATED", msg };
  assert.deepEqual(lineOf(lines(), "stranger"), stranger);
  assert.equal(lines().length, 3);
});

test("at debug each request leaves one line, a stream and malformed bytes too", async (t) => {
  const { shop, lines } = await openLogged(t, "debug");
  const user = await shop.user();
  good(await user.get(`/users/${user.id}/balance`, { "x-request-id": "answered" }), 200);
  const answered = { level: 20, requestId: "answered", method: "GET", route: "/users/:userId/balance", status: 200, caller: digest(user) };
  assert.deepEqual(lineOf(lines(), "answered"), { ...answered, msg: "a request was answered" });
  good(await shop.anyone("GET", "/docs/", undefined, { "x-request-id": "page" }), 200);
  assert.equal(lineOf(lines(), "page").route, "/docs/");
  good(await shop.operator.get("/admin/live?seconds=1", { "x-request-id": "stream" }), 200);
  assert.equal(lineOf(lines(), "stream").status, 200);
  const fields = { name: "한정판", productId: (await shop.product()).id, opensAt: new Date().toISOString() };
  const { id: dropId } = good(await shop.operator.post("/admin/drops", fields), 201);
  good(await shop.anyone("GET", `/drops/${dropId}/live?seconds=1`, undefined, { "x-request-id": "broadcast" }), 200);
  assert.equal(lineOf(lines(), "broadcast").route, "/drops/:dropId/live");
  const [malformed] = await exchange(shop.url, "this is not HTTP\r\n\r\n");
  const id = String(malformed?.headers["x-request-id"]);
  assert.deepEqual(
    { ...lineOf(lines(), id), msg: "" },
    { level: 30, requestId: id, method: "", route: "unknown", status: 400, code: "INVALID_REQUEST", msg: "" },
  );
});

test("at warn no request leaves a line", async (t) => {
  const { shop, lines } = await openLogged(t, "warn");
  refused(await shop.anyone("GET", "/no/such/path"), 404, "NOT_FOUND");
  assert.deepEqual(lines(), []);
});

// Fails if a line has the request's path, query, body or headers, or the caller's id.
test("the log has no token, path, query, body, key or caller's id", async (t) => {
  const { shop, text } = await openLogged(t, "trace");
  const user = await shop.user({ balance: 5000 });
  const secrets = { query: "secret-in-the-query", body: "secret-in-the-body", key: "secret-key", path: "secret-in-the-path" };
  const product = await shop.product();
  await sendSecrets(shop, user, product.id, secrets);
  const log = text.join("");
  assert.ok(log.includes("/orders"));
  for (const secret of [...Object.values(secrets), user.id, product.id, user.token, shop.operator.token, shop.operator.id])
    assert.ok(!log.includes(secret), `the log has ${secret}`);
});

async function sendSecrets(shop: TestShop, user: Client, productId: string, { query, body, key, path }: Record<string, string>): Promise<void> {
  const headers = { "idempotency-key": String(key) };
  const order = { orderItems: [{ productId, quantity: 1 }], note: body };
  good(await user.post("/orders", order, headers), 201);
  refused(await user.post("/orders", { ...order, [String(body)]: 1 }), 400, "INVALID_REQUEST");
  refused(await user.post("/orders", { orderItems: [{ productId, quantity: 1000 }] }, headers), 422, "IDEMPOTENCY_KEY_REUSED");
  good(await shop.operator.get(`/admin/products?q=${query}`), 200);
  refused(await shop.anyone("GET", `/${path}?token=${query}`), 404, "NOT_FOUND");
  refused(await shop.anyone("GET", `/users/${user.id}/balance`, undefined, { authorization: `Bearer ${user.token}x` }), 401, "UNAUTHENTICATED");
}
