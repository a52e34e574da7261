// Coupons of operators: private campaigns, issuing to many, voiding. The tests fail without the
// checks of `visibility`, `voidedAt` in returnCoupon, and the quantity in issueCoupons.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Answer, call, type Client, good, openTestShop, race, refused, SECRET, type TestShop } from "../support/shop.ts";
import { token } from "../support/tokens.ts";

let shop: TestShop;
before(async () => void (shop = await openTestShop({ env: { DATA_PLATFORM_EVENTS: "coupon.*" } })));
after(() => shop.close());

const issue = (id: string, userIds: string[], key?: string): Promise<Answer> =>
  shop.operator.post(`/admin/coupons/${id}/issue`, { userIds }, key === undefined ? {} : { "idempotency-key": key });
const voidAll = (id: string): Promise<Answer> => shop.operator.post(`/admin/coupons/${id}/void`, { reason: "잘못 발행" });
const couponsOf = async (user: Client, status: string): Promise<{ id: string; couponId: string; status: string }[]> =>
  good(await user.get(`/users/${user.id}/coupons?status=${status}`), 200).userCoupons;
const issuedOf = async (id: string): Promise<number> => {
  const { totalQuantity, remainingQuantity } = good(await shop.operator.get(`/coupons/${id}`), 200);
  return totalQuantity - remainingQuantity;
};
const paths = (answer: Answer): string[] => (answer.body.errors as { path: string }[]).map(({ path }) => path);

async function audited(): Promise<void> {
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
}

describe("a private campaign", () => {
  test("only operators see a private campaign, alone and in lists, and only they issue its coupons", async () => {
    const { id, visibility } = (await shop.campaign({ visibility: "PRIVATE" })) as { id: string; visibility: string };
    assert.equal(visibility, "PRIVATE");
    const user = await shop.user();
    for (const reader of [shop.anyone.bind(shop), user.send.bind(user)]) {
      refused(await reader("GET", `/coupons/${id}`), 404, "COUPON_NOT_FOUND");
      const { coupons } = good(await reader("GET", "/coupons?limit=100"), 200);
      assert.ok(!coupons.some((one: { id: string }) => one.id === id));
    }
    refused(await user.post(`/coupons/${id}/issue`), 404, "COUPON_NOT_FOUND");
    assert.ok(good(await shop.operator.get("/coupons?limit=100"), 200).coupons.some((one: { id: string }) => one.id === id));
    good(await shop.operator.post(`/coupons/${id}/issue`, { userId: user.id }), 201);
    assert.deepEqual(
      (await couponsOf(user, "AVAILABLE")).map(({ couponId }) => couponId),
      [id],
    );
  });

  test("an operator without the permission sees no private campaign, and one who reads reports does", async () => {
    const { id } = await shop.campaign({ visibility: "PRIVATE" });
    const as = (permissions: string[]): Promise<Answer> =>
      call(shop.url, "GET", `/coupons/${id}`, undefined, {
        authorization: `Bearer ${token({ alg: "HS256" }, { sub: "clerk", role: "operator", permissions }, SECRET)}`,
      });
    refused(await as(["orders"]), 404, "COUPON_NOT_FOUND");
    for (const permission of ["coupons", "reports"]) good(await as([permission]), 200);
  });

  test("shoppers learn nothing of a private campaign that is sold out", async () => {
    const { id } = await shop.campaign({ visibility: "PRIVATE", totalQuantity: 1 });
    const [one, two] = (await shop.users(2)) as [Client, Client];
    good(await issue(id, [one.id]), 200);
    const known = await shop.campaign();
    good(await two.post(`/coupons/${known.id}/issue`), 201);
    refused(await shop.operator.post(`/coupons/${id}/issue`, { userId: two.id }), 409, "COUPON_SOLD_OUT");
    for (let i = 0; i < 3; i++) refused(await two.post(`/coupons/${id}/issue`), 404, "COUPON_NOT_FOUND");
  });

  test("a campaign that becomes private disappears for shoppers, and its coupons stay usable", async () => {
    const { id } = await shop.campaign();
    const [holder, late] = (await shop.users(2, { balance: 10_000 })) as [Client, Client];
    const { userCouponId } = good(await holder.post(`/coupons/${id}/issue`), 201);
    const { version } = good(await shop.operator.patch(`/admin/coupons/${id}`, { visibility: "PRIVATE" }), 200);
    assert.equal(version, 2);
    refused(await late.post(`/coupons/${id}/issue`), 404, "COUPON_NOT_FOUND");
    const product = await shop.product();
    good(await holder.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], userCouponId }), 201);
  });

  test("metadata and visibility are shown to operators only, and metadata is merged by key", async () => {
    const { id } = await shop.campaign({ metadata: { channel: "kakao", owner: "crm" } });
    assert.ok(!("metadata" in good(await shop.anyone("GET", `/coupons/${id}`), 200)));
    const edited = good(await shop.operator.patch(`/admin/coupons/${id}`, { metadata: { channel: null, owner: "md" } }), 200);
    assert.deepEqual([edited.metadata, edited.visibility, edited.version], [{ owner: "md" }, "PUBLIC", 2]);
    assert.equal(good(await shop.operator.patch(`/admin/coupons/${id}`, { metadata: { owner: "md" } }), 200).version, 2);
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, "v"]));
    assert.deepEqual(paths(await shop.operator.patch(`/admin/coupons/${id}`, { metadata: many })), ["/metadata"]);
  });
});

describe("issuing to many users", () => {
  test("each named user gets one coupon, and a user who has it or is named twice counts once", async () => {
    const { id } = await shop.campaign();
    const users = await shop.users(4);
    const ids = users.map((user) => user.id);
    good(await (users[0] as Client).post(`/coupons/${id}/issue`), 201);
    assert.deepEqual(good(await issue(id, [...ids, ids[1] as string, (ids[2] as string).toUpperCase()]), 200), { issued: 3, alreadyHad: 1 });
    assert.deepEqual(good(await issue(id, ids), 200), { issued: 0, alreadyHad: 4 });
    for (const user of users) assert.equal((await couponsOf(user, "ALL")).length, 1);
    assert.equal(await issuedOf(id), 4);
    await audited();
  });

  test("a request for more coupons than are left issues none", async () => {
    const { id } = await shop.campaign({ totalQuantity: 3 });
    const ids = (await shop.users(4)).map((user) => user.id);
    const refusal = refused(await issue(id, ids), 409, "COUPON_SOLD_OUT");
    assert.deepEqual([refusal["requested"], refusal["available"]], [4, 3]);
    assert.equal(await issuedOf(id), 0);
    assert.deepEqual(good(await issue(id, ids.slice(0, 3)), 200), { issued: 3, alreadyHad: 0 });
  });

  test("unknown users are named, and then no user gets a coupon", async () => {
    const { id } = await shop.campaign();
    const [user] = await shop.users(1);
    const answer = await issue(id, [(user as Client).id, randomUUID(), randomUUID()]);
    refused(answer, 404, "USER_NOT_FOUND");
    assert.deepEqual([paths(answer), answer.body.faultyRows], [["/userIds/1", "/userIds/2"], 2]);
    assert.equal(await issuedOf(id), 0);
    refused(await issue(randomUUID(), [(user as Client).id]), 404, "COUPON_NOT_FOUND");
  });

  test("after the close operators issue no coupon either", async () => {
    const { id } = await shop.campaign();
    const [user] = await shop.users(1);
    good(await shop.operator.post(`/admin/coupons/${id}/close`), 200);
    refused(await issue(id, [(user as Client).id]), 409, "COUPON_CLOSED");
  });

  test("two lists and the users' own claims never issue more than the quantity, nor two to one user", async () => {
    const { id } = await shop.campaign({ totalQuantity: 30 });
    const users = await shop.users(40);
    const ids = users.map((user) => user.id);
    const beside = await openTestShop({ beside: shop });
    try {
      await race(42, (i) =>
        i < 2
          ? (i === 0 ? shop : beside).operator.post(`/admin/coupons/${id}/issue`, { userIds: ids.slice(i * 10, i * 10 + 15) })
          : (users[i - 2] as Client).at(i % 2 === 0 ? shop : beside).post(`/coupons/${id}/issue`),
      );
    } finally {
      await beside.close();
    }
    assert.equal(await issuedOf(id), 30);
    await audited();
  });

  test("a repeat with the same key issues no more coupons and gets the first answer", async () => {
    const { id } = await shop.campaign();
    const ids = (await shop.users(2)).map((user) => user.id);
    const first = await issue(id, ids, "issue-once");
    const again = await issue(id, ids, "issue-once");
    assert.deepEqual(
      [good(first, 200), good(again, 200)],
      [
        { issued: 2, alreadyHad: 0 },
        { issued: 2, alreadyHad: 0 },
      ],
    );
    assert.equal(again.headers["idempotent-replayed"], "true");
  });

  test("each issued coupon is an event of its own", async () => {
    const { id } = await shop.campaign({ name: "이벤트" });
    const users = await shop.users(2);
    good(await issue(id, [(users[0] as Client).id]), 200);
    good(await (users[1] as Client).post(`/coupons/${id}/issue`), 201);
    good(await shop.operator.post("/admin/jobs/relay-events/run"), 200);
    const lines = readFileSync(join(shop.shop.config.dataDir, "events.ndjson"), "utf8").trim().split("\n");
    const events = lines.map((line) => JSON.parse(line)).filter(({ data }) => data.couponId === id);
    assert.deepEqual(
      events.map(({ type, source, data }) => [type, source, data.name, data.userId]),
      users.map((user) => ["jangnal.coupon.issued", "/jangnal/coupons", "이벤트", user.id]),
    );
    for (const { subject, data } of events) assert.equal(subject, data.userCouponId);
  });
});

describe("voiding", () => {
  test("voiding makes the available coupons unusable and leaves used and expired ones as they are", async () => {
    const { id } = await shop.campaign({ totalQuantity: 3 });
    const [holder, buyer, other] = (await shop.users(3, { balance: 10_000 })) as [Client, Client, Client];
    const product = await shop.product();
    const order = (user: Client, userCouponId: string): Promise<Answer> =>
      user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], userCouponId });
    const [held, used] = [good(await holder.post(`/coupons/${id}/issue`), 201), good(await buyer.post(`/coupons/${id}/issue`), 201)];
    good(await order(buyer, used.userCouponId), 201);

    assert.deepEqual(good(await voidAll(id), 200), { voided: 1 });
    const refusal = refused(await order(holder, held.userCouponId), 400, "COUPON_UNUSABLE");
    assert.equal(refusal["reason"], "VOID");
    assert.deepEqual(
      (await couponsOf(holder, "VOID")).map(({ status }) => status),
      ["VOID"],
    );
    assert.deepEqual(await couponsOf(holder, "AVAILABLE"), []);
    assert.deepEqual(
      (await couponsOf(buyer, "USED")).map(({ status }) => status),
      ["USED"],
    );
    assert.deepEqual(good(await voidAll(id), 200), { voided: 0 });

    // Voiding does not stop issuing.
    const later = good(await other.post(`/coupons/${id}/issue`), 201);
    good(await order(other, later.userCouponId), 201);
    refused(await voidAll(randomUUID()), 404, "COUPON_NOT_FOUND");
    await audited();
  });

  test("a used coupon of a voided campaign is void once its order is refunded", async () => {
    const { id } = await shop.campaign();
    const buyer = await shop.user({ balance: 10_000 });
    const product = await shop.product();
    const { userCouponId } = good(await buyer.post(`/coupons/${id}/issue`), 201);
    const { orderId } = good(await buyer.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], userCouponId }), 201);
    assert.deepEqual(good(await voidAll(id), 200), { voided: 0 });
    good(await shop.operator.post(`/admin/orders/${orderId}/refunds`, { reason: "환불" }), 200);
    assert.deepEqual(
      (await couponsOf(buyer, "ALL")).map(({ status }) => status),
      ["VOID"],
    );
    assert.equal(await shop.balanceOf(buyer), 10_000);
    await audited();
  });

  test("a deferred order cannot be paid with a coupon that was voided after the order", async () => {
    const { id } = await shop.campaign();
    const buyer = await shop.user({ balance: 10_000 });
    const product = await shop.product();
    const { userCouponId } = good(await buyer.post(`/coupons/${id}/issue`), 201);
    const body = { orderItems: [{ productId: product.id, quantity: 1 }], userCouponId, payment: { method: "DEFERRED" } };
    const { orderId } = good(await buyer.post("/orders", body), 201);
    good(await voidAll(id), 200);
    const refusal = refused(await buyer.post("/payments", { orderId, method: "BALANCE" }), 400, "COUPON_UNUSABLE");
    assert.equal(refusal["reason"], "VOID");
  });

  test("when voiding races with orders at two instances, each coupon is either used or counted as void", async () => {
    const { id } = await shop.campaign({ totalQuantity: 40 });
    const buyers = await shop.users(40, { balance: 1000 });
    const product = await shop.product({ price: 500, stock: 100 });
    good(
      await issue(
        id,
        buyers.map((user) => user.id),
      ),
      200,
    );
    const coupons = await Promise.all(buyers.map(async (buyer) => (await couponsOf(buyer, "AVAILABLE"))[0]?.id as string));
    const beside = await openTestShop({ beside: shop });
    try {
      let voided = 0;
      const statuses = await Promise.all(
        buyers.map(async (buyer, i) => {
          if (i === 20) voided = good(await voidAll(id), 200).voided;
          const body = { orderItems: [{ productId: product.id, quantity: 1 }], userCouponId: coupons[i] };
          return (await buyer.at(i % 2 === 0 ? shop : beside).post("/orders", body)).status;
        }),
      );
      const used = statuses.filter((status) => status === 201).length;
      assert.equal(used + voided, 40);
    } finally {
      await beside.close();
    }
    await audited();
  });
});
