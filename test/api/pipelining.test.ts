// HTTP pipelining: requests sent without waiting on one connection are decided and answered in the
// order in which they were sent.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { whileHeld } from "../support/hold.ts";
import { RawConnection, requestText, exchange } from "../support/raw.ts";
import { type Answer, type Client, good, openTestShop, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let user: Client;
before(async () => {
  shop = await openTestShop({ env: { LOCK_WAIT_MS: "10000" } });
  user = await shop.user({ balance: 1000 });
});
after(() => shop.close());

function requestOf(client: Client, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): string {
  return requestText(
    method,
    path,
    { Authorization: `Bearer ${client.token}`, ...headers },
    body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  );
}

const statuses = (answers: Answer[]): number[] => answers.map(({ status }) => status);

test("of fifty pipelined claims the first twenty get the twenty coupons", async () => {
  const users = await shop.users(50);
  for (let i = 0; i < 5; i++) {
    const { id } = await shop.campaign({ totalQuantity: 20 });
    const answers = await exchange(shop.url, users.map((one) => requestOf(one, "POST", `/coupons/${id}/issue`)).join(""), 50);
    assert.deepEqual(statuses(answers), [...Array.from({ length: 20 }, () => 201), ...Array.from({ length: 30 }, () => 409)]);
  }
});

test("each pipelined request sees the effect of the one before it", async () => {
  const product = await shop.product({ price: 70, stock: 5 });
  const me = await shop.user();
  const order = { orderItems: [{ productId: product.id, quantity: 1 }] };
  const path = `/users/${me.id}/balance`;
  const requests = [
    requestOf(me, "POST", "/orders", order),
    requestOf(me, "POST", `${path}/charge`, { amount: 100 }),
    requestOf(me, "GET", path),
    requestOf(me, "POST", "/orders", order),
    requestOf(me, "GET", path),
    requestOf(me, "GET", `/products/${product.id}`),
    requestOf(me, "POST", `${path}/charge`, { amount: 1, version: 0 }),
    requestOf(me, "POST", `${path}/charge`, { amount: 1, version: 2 }),
    requestOf(me, "GET", `${path}/transactions`),
  ];
  const answers = await exchange(shop.url, requests.join(""), requests.length);
  assert.deepEqual(statuses(answers), [400, 200, 200, 201, 200, 200, 409, 200, 200]);
  assert.deepEqual([answers[2]?.body.balance, answers[4]?.body.balance, answers[5]?.body.stock], [100, 30, 4]);
  assert.deepEqual(
    answers[8]?.body.transactions.map((one: { amount: number }) => one.amount),
    [1, -70, 100],
  );
});

test("a malformed request among pipelined ones is answered in its place", async () => {
  const charge = (amount: number): string => requestOf(user, "POST", `/users/${user.id}/balance/charge`, { amount });
  const requests = [
    charge(1),
    requestOf(user, "POST", "/orders", "{"),
    requestOf(user, "GET", "/nothing"),
    requestText("GET", `/users/${user.id}/balance`),
    requestOf(user, "PUT", "/orders", {}),
    charge(0),
    requestOf(user, "GET", "/products/%zz"),
    charge(1),
  ];
  assert.deepEqual(statuses(await exchange(shop.url, requests.join(""), requests.length)), [200, 400, 404, 401, 405, 400, 400, 200]);
});

test("bytes that are not HTTP are answered after the requests before them, and then the connection ends", async () => {
  const connection = await RawConnection.open(shop.url);
  const before = await shop.balanceOf(user);
  const charge = requestOf(user, "POST", `/users/${user.id}/balance/charge`, { amount: 1 });
  connection.write(`${charge}${charge}${charge}this is no HTTP\r\n\r\n${charge}`);
  for (let i = 0; i < 3; i++) good(await connection.read(), 200);
  const { status, body } = await connection.read();
  assert.deepEqual([status, body.errors.length], [400, 1]);
  await connection.ended();
  assert.equal(await shop.balanceOf(user), before + 3);
});

test("a body with a broken chunk is answered in its place", async () => {
  const connection = await RawConnection.open(shop.url);
  const charge = requestOf(user, "POST", `/users/${user.id}/balance/charge`, { amount: 1 });
  connection.write(charge + requestOf(user, "POST", "/orders", "zz\r\n", { "Transfer-Encoding": "chunked" }));
  good(await connection.read(), 200);
  assert.equal((await connection.read()).status, 400);
  await connection.ended();
});

test("bodies in fragments and large bodies keep their order", async () => {
  const connection = await RawConnection.open(shop.url);
  const me = await shop.user();
  const charge = requestOf(me, "POST", `/users/${me.id}/balance/charge`, { amount: 5 });
  connection.write(charge + charge.slice(0, -4));
  good(await connection.read(), 200);
  connection.write(charge.slice(-4));
  assert.equal(good(await connection.read(), 200).newBalance, 10);

  const large = Array.from({ length: 8 }, (_, i) =>
    requestOf(shop.operator, "POST", "/admin/users", { users: Array.from({ length: 5000 }, () => ({ name: `${i} ${"가".repeat(30)}` })) }),
  );
  connection.write(large.join(""));
  for (let i = 0; i < large.length; i++) assert.equal(good(await connection.read(), 201).users[0].name[0], String(i));
  connection.close();
});

test("a connection with a blocked request delays no other connection", async () => {
  await whileHeld(shop.shop.config.databaseUrl as string, "SELECT FROM users WHERE id = $1 FOR UPDATE", [user.id], async () => {
    const blocked = await RawConnection.open(shop.url);
    blocked.write(requestOf(user, "POST", `/users/${user.id}/balance/charge`, { amount: 1 }) + requestOf(user, "GET", "/products"));
    const others = await Promise.all(
      Array.from({ length: 20 }, () =>
        exchange(
          shop.url,
          requestOf(user, "GET", "/healthz") + requestOf(user, "GET", `/users/${user.id}/balance`) + requestOf(user, "GET", "/products"),
          3,
        ),
      ),
    );
    for (const answers of others) assert.deepEqual(statuses(answers), [200, 200, 200]);
    blocked.close();
  });
});

test("a request with Connection: close is answered, and nothing behind it is executed", async () => {
  const me = await shop.user();
  const connection = await RawConnection.open(shop.url);
  const charge = (headers = {}): string => requestOf(me, "POST", `/users/${me.id}/balance/charge`, { amount: 1 }, headers);
  connection.write(charge() + charge({ Connection: "close" }) + charge());
  good(await connection.read(), 200);
  good(await connection.read(), 200);
  await connection.ended();
  assert.equal(await shop.balanceOf(me), 2);
});
