// Users that operators edit and erase. The tests fail without: `isPersonal` orders in eraseUser,
// eraseReturns, eraseResponses, `forget` of CachedAccounts, `findWallet` and `findMember`, and the
// conditions of `isOpen`.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Answer, Client, good, openTestShop, race, refused, type TestShop } from "../support/shop.ts";
import { placesOf } from "../support/search-database.ts";

let shop: TestShop;
before(async () => void (shop = await openTestShop({ env: { DATA_PLATFORM_EVENTS: "*", DATA_PLATFORM_PERSONAL_DATA: "on" } })));
after(() => shop.close());

/** Personal texts with a word by which they are found again. */
const addressOf = (word: string) => ({
  recipient: `${word} 수령인`,
  phone: `010-9999-1234 ${word}`,
  postalCode: "04524",
  line1: `세종대로 ${word} 1`,
  line2: `${word}동 3호`,
  note: `${word} 벨`,
});
const WORD = "지울말";

const edit = (id: string, body: unknown): Promise<Answer> => shop.operator.patch(`/admin/users/${id}`, body);
const erase = (id: string): Promise<Answer> => shop.operator.post(`/admin/users/${id}/erase`, { reason: "탈퇴 요청" });
const grant = (userId: string, amount: number): Promise<Answer> =>
  shop.operator.post("/admin/balances/grant", { grants: [{ userId, amount, reason: "test" }] });
const ship = (orderId: string): Promise<Answer> =>
  shop.operator.post(`/admin/orders/${orderId}/shipments`, { carrier: "CJ대한통운", trackingNumber: "6051" });
const keyed = (): Record<string, string> => ({ "idempotency-key": randomUUID() });

/** A user with a name, an external id and metadata, made under a key. */
async function person(word = WORD): Promise<Client> {
  const body = { name: `홍${word}`, externalId: `${word}@${randomUUID()}`, metadata: { memo: word } };
  const { id } = good(await shop.operator.post("/admin/users", body, keyed()), 201);
  return shop.client(id);
}

/** An order with all personal details, placed under a key. */
async function order(user: Client, { as = user, word = WORD } = {}): Promise<{ orderId: string }> {
  const product = await shop.product({ price: 1000 });
  const orderItems = [{ productId: product.id, quantity: 2 }];
  const details = { shippingAddress: addressOf(word), note: `문 앞 ${word}`, metadata: { gift: word } };
  return good(await as.post("/orders", { userId: user.id, orderItems, ...details }, keyed()), 201);
}

async function audited(): Promise<void> {
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
}

describe("an operator's edit of a user", () => {
  test("name, external id and metadata change, and members that are left out stay", async () => {
    const { id } = await person();
    const externalId = `new-${randomUUID()}`;
    assert.deepEqual(good(await edit(id, { name: "새 이름", metadata: { memo: null, tier: "vip" } }), 200).metadata, { tier: "vip" });
    good(await edit(id, { externalId }), 200);
    const { users } = good(await shop.operator.get(`/admin/users?externalId=${externalId}`), 200);
    assert.deepEqual(users, [{ id, name: "새 이름", externalId, metadata: { tier: "vip" }, balance: 0 }]);
    assert.equal(good(await edit(id, { externalId: null }), 200).externalId, null);
    assert.deepEqual(good(await shop.operator.get(`/admin/users?externalId=${externalId}`), 200).users, []);
  });

  test("an external id of another user is refused, also when two edits race for it", async () => {
    const [one, two] = [await person(), await person()];
    const taken = good(await shop.operator.get(`/admin/users/${two.id}`), 200).externalId;
    const refusal = refused(await edit(one.id, { externalId: taken }), 400, "INVALID_REQUEST");
    assert.equal((refusal["errors"] as { path: string }[])[0]?.path, "/externalId");
    good(await edit(two.id, { externalId: taken }), 200);
    const wanted = `raced-${randomUUID()}`;
    const users = await Promise.all([person(), person(), person()]);
    assert.deepEqual(await race(3, (i) => edit((users[i] as Client).id, { externalId: wanted })), { 200: 1, 400: 2 });
    refused(await edit(randomUUID(), { name: "n" }), 404, "USER_NOT_FOUND");
  });
});

describe("erasing a user", () => {
  test("no column of the database keeps a personal text of an erased user, and the books stay", async () => {
    const word = `지울${randomUUID().slice(24)}`;
    const [user, other] = [await person(word), await person()];
    good(await grant(user.id, 4000), 200);
    const { orderId } = await order(user, { word });
    const placedByOperator = await order(user, { as: shop.operator, word });
    for (const id of [orderId, placedByOperator.orderId]) good(await ship(id), 201);
    good(await user.post(`/users/${user.id}/cart/items`, { productId: (await shop.product()).id, quantity: 1 }), 201);
    const { returnId } = good(await user.post(`/orders/${orderId}/returns`, { reason: word }, keyed()), 201);
    good(await shop.operator.post(`/admin/returns/${returnId}/reject`, { reason: word, customerReason: word }, keyed()), 200);
    good(await edit(user.id, { metadata: { second: word } }), 200);
    const before = await ledgerOf(user);
    assert.ok((await placesOf(shop, [word])).includes("idempotency_keys.body"));
    good(await erase(other.id), 200);

    const erased = good(await erase(user.id), 200);
    assert.deepEqual(erased, { id: user.id, name: "", externalId: null, metadata: {} });
    assert.deepEqual(await placesOf(shop, [word]), []);

    // Orders, payments and ledger stay.
    const kept = good(await shop.operator.get(`/orders/${orderId}`), 200);
    assert.deepEqual(
      [kept.status, kept.paidAmount, kept.userId, kept.shippingAddress, kept.note, kept.metadata],
      ["COMPLETED", 2000, user.id, null, null, {}],
    );
    assert.deepEqual(await ledgerOf(user), before);
    assert.ok(good(await shop.operator.get(`/admin/users/${user.id}`), 200).erasedAt);
    // Again: the same answer, and no second event.
    assert.deepEqual(good(await erase(user.id), 200), erased);
    good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
    const events = readFileSync(join(shop.shop.config.dataDir, "events.ndjson"), "utf8").split("\n");
    assert.equal(events.filter((line) => line.includes('"jangnal.user.erased"') && line.includes(user.id)).length, 1);
    await audited();
  });

  test("an event that was not sent before the erasure, or is replayed after it, has no personal data", async () => {
    const user = await person();
    good(await grant(user.id, 2000), 200);
    const { orderId } = await order(user);
    good(await ship(orderId), 201);
    good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
    const file = join(shop.shop.config.dataDir, "events.ndjson");
    const told = (): string[] =>
      readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line.includes(orderId));
    assert.ok(told().every((line) => line.includes(WORD)));
    good(await erase(user.id), 200);
    const already = told().length;
    const { events } = good(await shop.operator.get("/admin/events?limit=100"), 200);
    const own = events.filter((event: { orderId: string | null }) => event.orderId === orderId);
    for (const { id } of own) good(await shop.operator.post(`/admin/events/${id}/replay`), 200);
    good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
    const replayed = told().slice(already);
    assert.ok(replayed.length >= own.length && own.length > 0);
    for (const line of replayed) assert.ok(!line.includes(WORD), line);
  });

  test("a user with an open order, a return, or money cannot be erased", async () => {
    const user = await person();
    const reasonOf = async (): Promise<unknown> => refused(await erase(user.id), 409, "USER_NOT_ERASABLE")["reason"];
    good(await grant(user.id, 4000), 200);
    assert.equal(await reasonOf(), "BALANCE");
    const product = await shop.product({ price: 1000 });
    const orderItems = [{ productId: product.id, quantity: 2 }];
    const deferred = good(await user.post("/orders", { orderItems, payment: { method: "DEFERRED" } }), 201);
    assert.equal(await reasonOf(), "OPEN_ORDERS");
    good(await user.post(`/orders/${deferred.orderId}/cancel`), 200);
    const { orderId } = await order(user);
    const second = await order(user);
    assert.equal(await reasonOf(), "OPEN_ORDERS");
    good(await ship(orderId), 201);
    assert.equal(await reasonOf(), "OPEN_ORDERS");
    good(await ship(second.orderId), 201);
    const { returnId } = good(await user.post(`/orders/${orderId}/returns`, { reason: "변심" }), 201);
    assert.equal(await reasonOf(), "OPEN_ORDERS");
    good(await shop.operator.post(`/admin/returns/${returnId}/receive`, { restock: true }), 200);
    assert.equal(await reasonOf(), "BALANCE");
    good(await user.post("/orders", { orderItems }), 201);
    const { orders } = good(await user.get(`/users/${user.id}/orders`), 200);
    good(await ship(orders[0].orderId), 201);
    good(await erase(user.id), 200);
    refused(await erase(randomUUID()), 404, "USER_NOT_FOUND");
    await audited();
  });

  test("an erased user is no customer any more", async () => {
    const user = await person();
    good(await grant(user.id, 4000), 200);
    const placed = [await order(user), await order(user)];
    for (const { orderId } of placed) good(await ship(orderId), 201);
    good(await erase(user.id), 200);
    const [product, campaign] = [await shop.product(), await shop.campaign()];
    const orderItems = [{ productId: product.id, quantity: 1 }];
    const answers = await Promise.all([
      user.post("/orders", { orderItems, payment: { method: "DEFERRED" }, note: "다시" }),
      user.post("/orders", { orderItems, payment: { method: "DEFERRED" } }),
      shop.operator.post("/orders", { userId: user.id, orderItems }),
      user.post(`/users/${user.id}/balance/charge`, { amount: 1000 }),
      user.post(`/users/${user.id}/cart/items`, { productId: product.id, quantity: 1 }),
      user.post(`/coupons/${campaign.id}/issue`),
      user.post(`/orders/${placed[0]?.orderId}/returns`, { reason: "다시" }),
      user.patch(`/orders/${placed[0]?.orderId}`, { note: "다시" }),
      grant(user.id, 1),
      shop.operator.post(`/admin/coupons/${campaign.id}/issue`, { userIds: [user.id] }),
      edit(user.id, { name: "다시" }),
    ]);
    for (const { status, body } of answers) assert.deepEqual([status, body.code], [404, "USER_NOT_FOUND"]);
    assert.deepEqual(await placesOf(shop, ["다시"]), []);
  });

  test("a repeat of a request of an erased user takes no second effect and gets no personal data", async () => {
    const user = await person();
    good(await grant(user.id, 2000), 200);
    const product = await shop.product({ price: 1000 });
    const body = { userId: user.id, orderItems: [{ productId: product.id, quantity: 2 }], note: WORD };
    const headers = keyed();
    for (const as of [user, shop.operator]) {
      const { orderId } = good(await as.post("/orders", body, headers), 201);
      good(await ship(orderId), 201);
      if (as === user) good(await grant(user.id, 2000), 200);
    }
    const erasing = keyed();
    const erased = good(await shop.operator.post(`/admin/users/${user.id}/erase`, { reason: "탈퇴 요청" }, erasing), 200);
    assert.deepEqual(good(await shop.operator.post(`/admin/users/${user.id}/erase`, { reason: "탈퇴 요청" }, erasing), 200), erased);
    for (const as of [user, shop.operator]) {
      const again = await as.post("/orders", body, headers);
      refused(again, 404, "USER_NOT_FOUND");
      assert.equal(again.headers["idempotent-replayed"], "true");
    }
    assert.equal(await shop.stockOf(product), 96);
  });

  test("when orders with an address race with the erasure at two instances, no address remains", async () => {
    const product = await shop.product({ price: 0, stock: 1000 });
    const beside = await openTestShop({ beside: shop });
    try {
      for (let round = 0; round < 5; round++) {
        const user = await person();
        const body = { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" }, shippingAddress: addressOf(WORD) };
        const answers = await Promise.all(
          Array.from({ length: 12 }, (_, i) => (i === 5 ? erase(user.id) : user.at(i % 2 === 0 ? shop : beside).post("/orders", body, keyed()))),
        );
        const { status } = answers[5] as Answer;
        if (status !== 200) continue;
        // Erased first: every order is refused. An order first: it is open, and the erasure is refused.
        assert.deepEqual(new Set(answers.filter((_, i) => i !== 5).map((answer) => answer.status)), new Set([404]));
      }
    } finally {
      await beside.close();
    }
  });
});

async function ledgerOf(user: Client): Promise<unknown> {
  return good(await shop.operator.get(`/users/${user.id}/balance/transactions`), 200).transactions;
}
