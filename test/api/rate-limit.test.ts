// RATE_LIMIT: at most this number of requests per second from each caller, and 429 with Retry-After
// above it.

import assert from "node:assert/strict";
import { after, before, mock, test } from "node:test";
import { type Answer, type Client, openTestShop, race, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let limited: TestShop;
let users: Client[];
before(async () => {
  shop = await openTestShop();
  limited = await openTestShop({ env: { RATE_LIMIT: "5" }, beside: shop });
  users = (await shop.users(8)).map((user) => user.at(limited));
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
});
after(async () => {
  mock.timers.reset();
  await limited.close();
  await shop.close();
});

const balance = (user: Client): Promise<Answer> => user.get(`/users/${user.id}/balance`);

/** The limits of this process count the seconds of a clock that stands still, so that all requests of a test are in one second. */
function nextSecond(): void {
  mock.timers.tick(1000);
}

test("requests above the limit are refused with Retry-After, and served after that time", async () => {
  const [user] = users as [Client];
  const answers = await Promise.all(Array.from({ length: 20 }, () => balance(user)));
  const refusals = answers.filter(({ status }) => status === 429);
  assert.equal(answers.filter(({ status }) => status === 200).length, 5);
  assert.equal(refusals.length, 15);
  for (const refusal of refusals) {
    assert.equal(refused(refusal, 429, "TOO_MANY_REQUESTS")["retryAfter"], 1);
    assert.equal(refusal.headers["retry-after"], "1");
  }
  nextSecond();
  assert.equal((await balance(user)).status, 200);
});

test("each caller has a limit of its own", async () => {
  const counts = await race(30, (i) => balance(users[1 + (i % 6)] as Client));
  assert.deepEqual(counts, { 200: 30 });
});

test("public routes count by address without a token, and by caller with one", async () => {
  nextSecond();
  const user = users[7] as Client;
  assert.deepEqual(await race(10, () => limited.anyone("GET", "/products")), { 200: 5, 429: 5 });
  assert.deepEqual(await race(10, () => user.get("/products")), { 200: 5, 429: 5 });
});

test("requests with invalid tokens are counted by address", async () => {
  nextSecond();
  const counts = await race(20, (i) => limited.anyone("GET", "/admin/users", undefined, { authorization: `Bearer a.b.${i}` }));
  assert.deepEqual(counts, { 401: 5, 429: 15 });
});

test("probes and Prometheus are exempt from the limit", async () => {
  for (const path of ["/healthz", "/readyz", "/metrics"]) assert.deepEqual(await race(20, () => limited.anyone("GET", path)), { 200: 20 }, path);
});

test("a refused command has no effect", async () => {
  const [user] = (await shop.users(1)) as [Client];
  const counts = await race(20, () => user.at(limited).post(`/users/${user.id}/balance/charge`, { amount: 1 }));
  assert.deepEqual(counts, { 200: 5, 429: 15 });
  assert.equal(await shop.balanceOf(user), 5);
});

test("without RATE_LIMIT no request is refused", async () => {
  assert.deepEqual(await race(300, () => shop.anyone("GET", "/products")), { 200: 300 });
});
