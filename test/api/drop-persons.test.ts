// Limits of drops for people with several accounts: with AUTH_PERSON_CLAIM they count for the person whom a token names.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createSigner } from "fast-jwt";
import { clockAtNoon } from "../support/clock.ts";
import { type Answer, type Client, good, openTestShop, refused, SECRET, type TestShop } from "../support/shop.ts";

let shop: TestShop;
const clock = clockAtNoon();
before(async () => void (shop = await openTestShop({ env: { AUTH_PERSON_CLAIM: "ci" } })));
after(() => shop.close());

const sign = createSigner({ key: SECRET, algorithm: "HS256", expiresIn: 3_600_000 });
const at = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** Requests of an account whose token names this person. */
function account({ id }: Client, ci: string): (method: string, path: string, body?: unknown) => Promise<Answer> {
  const authorization = `Bearer ${sign({ sub: id, role: "shopper", ci })}`;
  return (method, path, body) => shop.anyone(method, path, body, { authorization });
}

async function drop(productId: string, fields: Record<string, unknown> = {}): Promise<string> {
  const body = { name: "한정판", productId, opensAt: at(-1000), limitPerCustomer: 2, ...fields };
  return good(await shop.operator.post("/admin/drops", body), 201).id;
}

test("accounts of one person share the limit of a drop, and other people have their own", async () => {
  const { id: productId } = await shop.product();
  await drop(productId);
  const [a, b, c] = (await shop.users(3, { balance: 10_000 })).map((user, i) => account(user, i < 2 ? "one" : "other"));
  assert.ok(a && b && c);
  const order = { orderItems: [{ productId, quantity: 1 }] };
  for (const send of [a, b]) good(await send("POST", "/orders", order), 201);
  for (const send of [a, b]) assert.equal(refused(await send("POST", "/orders", order), 409, "DROP_LIMIT_EXCEEDED")["already"], 2);
  good(await c("POST", "/orders", order), 201);
});

test("a person enters a drop with one account, and only that account has the entry and its hold", async () => {
  const { id: productId } = await shop.product();
  const entries = `/drops/${await drop(productId, { mode: "FIRST_COME" })}/entries`;
  const [a, b] = (await shop.users(2, { balance: 10_000 })).map((user) => account(user, "entrant"));
  assert.ok(a && b);
  const { entryId } = good(await a("POST", entries), 201);
  assert.equal(refused(await b("POST", entries), 409, "DROP_ALREADY_ENTERED")["entryId"], entryId);
  refused(await b("GET", `${entries}/mine`), 404, "ENTRY_NOT_FOUND");
  refused(await b("DELETE", `${entries}/mine`), 404, "ENTRY_NOT_FOUND");
  refused(await b("POST", "/orders", { orderItems: [{ productId, quantity: 1 }] }), 409, "DROP_ENTRY_REQUIRED");
  good(await a("POST", "/orders", { orderItems: [{ productId, quantity: 1 }] }), 201);
});

test("unpaid orders of several accounts from before a drop count for their person when they are paid", async () => {
  const { id: productId } = await shop.product();
  const accounts = (await shop.users(3, { balance: 10_000 })).map((user) => account(user, "hoarder"));
  const deferred = { orderItems: [{ productId, quantity: 1 }], payment: { method: "DEFERRED" } };
  const orders: string[] = [];
  for (const send of accounts) orders.push(good(await send("POST", "/orders", deferred), 201).orderId);
  await drop(productId, { opensAt: at(1000) });
  clock.forward(1000);
  const pay = (i: number): Promise<Answer> => (accounts[i] as (typeof accounts)[0])("POST", "/payments", { orderId: orders[i], method: "BALANCE" });
  for (const i of [0, 1]) good(await pay(i), 201);
  refused(await pay(2), 409, "DROP_LIMIT_EXCEEDED");
});
