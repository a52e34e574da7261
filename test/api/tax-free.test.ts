// The tax-free part of a product's price: set by operators, kept by each order, named by the payment window, and divided over partial refunds
// so that the parts add up to the whole at the gateway.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

const SECRET = "test_sk_of_the_tests";
let shop: TestShop;
let simulator: Simulator;
before(async () => {
  simulator = new Simulator({ secret: SECRET });
  shop = await openTestShop({
    env: { PAYMENT_GATEWAY_URL: await simulator.listen(), PAYMENT_GATEWAY_SECRET: SECRET, PAYMENT_SETTLE_AFTER_MS: "600000" },
  });
});
after(async () => {
  await shop.close();
  await simulator.close();
});

type Line = { product: { id: string; variants: { id: string }[] }; quantity: number };
type Paid = { user: Client; orderId: string; paymentKey: string; lines: Line[] };

/** Three books at 1,000, tax-free, and two bags at 700 of which 150 are. */
async function paid({ taxFree = 3300, coupon = 0, cancel = [] }: { taxFree?: number; coupon?: number; cancel?: string[] } = {}): Promise<Paid> {
  const user = await shop.user();
  const lines = [
    { product: await shop.product({ price: 1000, taxFreeAmount: 1000 }), quantity: 3 },
    { product: await shop.product({ price: 700, taxFreeAmount: 150 }), quantity: 2 },
  ];
  const userCouponId = coupon > 0 ? await couponOf(user, coupon) : undefined;
  const placed = await user.post("/orders", {
    orderItems: lines.map(({ product, quantity }) => ({ productId: product.id, quantity })),
    payment: { method: "DEFERRED" },
    ...(userCouponId ? { userCouponId } : {}),
  });
  const { orderId, amountDue } = good(placed, 201);
  const paymentKey = keyFor({ cancel }, randomUUID());
  simulator.ledger.authorize({ paymentKey, orderId, amount: amountDue, taxFree, orderName: "책", way: "CARD" });
  good(await user.post("/payments", { orderId, method: "CARD", paymentKey }), 201);
  return { user, orderId, paymentKey, lines };
}

async function couponOf(user: Client, amount: number): Promise<string> {
  const campaign = await shop.operator.post("/admin/coupons", { name: "할인", discount: { type: "FIXED", amount }, totalQuantity: 1, validDays: 7 });
  return good(await user.post(`/coupons/${good(campaign, 201).id}/issue`), 201).userCouponId;
}

const refund = ({ orderId, lines }: Paid, line: number, quantity = 1) =>
  shop.operator.post(`/admin/orders/${orderId}/refunds`, {
    items: [{ variantId: lines[line]?.product.variants[0]?.id, quantity }],
    reason: "bruised",
  });
const cancelsOf = ({ paymentKey }: Paid) => simulator.ledger.payments.get(paymentKey)?.cancels.map(({ amount, taxFree = 0 }) => [amount, taxFree]);
const assertAuditIsClean = async (): Promise<void> => assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);

describe("a product's tax-free amount", () => {
  const faultOf = (answer: Parameters<typeof refused>[0]): unknown => (refused(answer, 400, "INVALID_REQUEST")["errors"] as unknown[])[0];

  test("is set by operators, is at most the price, and is shown to operators only", async () => {
    const product = await shop.product({ price: 1000, taxFreeAmount: 400 });
    const path = `/admin/products/${product.id}`;
    assert.equal(good(await shop.operator.get(`/products/${product.id}`), 200).taxFreeAmount, 400);
    assert.equal(good(await (await shop.user()).get(`/products/${product.id}`), 200).taxFreeAmount, undefined);
    assert.deepEqual(faultOf(await shop.operator.patch(path, { taxFreeAmount: 1001 })), { path: "/taxFreeAmount", message: "is above the price" });
    assert.deepEqual(faultOf(await shop.operator.patch(path, { price: 399 })), {
      path: "/price",
      message: "is below the product's tax-free amount",
    });
    const edited = good(await shop.operator.patch(path, { taxFreeAmount: 1000 }), 200);
    assert.deepEqual([edited.taxFreeAmount, edited.version], [1000, 1]);
    assert.equal(good(await shop.operator.patch(path, { taxFreeAmount: 1000 }), 200).version, 1, "nothing has changed");
    good(await shop.operator.patch(path, { price: 300, taxFreeAmount: 300 }), 200);
  });

  test("above the price of a variant makes no product, alone or in bulk", async () => {
    const cheap = {
      name: "책",
      taxFreeAmount: 500,
      variants: [
        { price: 600, stock: 1 },
        { price: 400, stock: 1, sku: "cheap" },
      ],
    };
    assert.deepEqual(faultOf(await shop.operator.post("/admin/products", cheap)), { path: "/taxFreeAmount", message: "is above the price" });
    const bulk = {
      products: [
        { name: "a", price: 1, stock: 1 },
        { name: "b", price: 1, stock: 1, taxFreeAmount: 2 },
      ],
    };
    assert.deepEqual(faultOf(await shop.operator.post("/admin/products", bulk)), {
      path: "/products/1/taxFreeAmount",
      message: "is above the price",
    });
  });

  test("of an order is the one at which it was placed", async () => {
    const { user, orderId, lines } = await paid();
    good(await shop.operator.patch(`/admin/products/${lines[0]?.product.id}`, { taxFreeAmount: 0 }), 200);
    assert.equal(good(await user.get(`/orders/${orderId}`), 200).taxFreeAmount, 3300);
    const plain = await shop.product({ price: 1000 });
    const order = await user.post("/orders", { orderItems: [{ productId: plain.id, quantity: 1 }], payment: { method: "DEFERRED" } });
    assert.equal(good(order, 201).taxFreeAmount, undefined);
  });
});

describe("the tax-free part of a refund", () => {
  test("is that of its units, and the parts add up to the payment's", async () => {
    const order = await paid();
    for (const [line, quantity] of [
      [1, 1],
      [0, 2],
      [1, 1],
      [0, 1],
    ] as const)
      good(await refund(order, line, quantity), 200);
    assert.deepEqual(cancelsOf(order), [
      [700, 150],
      [2000, 2000],
      [700, 150],
      [1000, 1000],
    ]);
    assert.equal(good(await order.user.get(`/orders/${order.orderId}`), 200).status, "REFUNDED");
    await assertAuditIsClean();
  });

  test("of a discounted order is the tax-free part of the amounts that were paid", async () => {
    const order = await paid({ taxFree: 2549, coupon: 1000 });
    assert.equal(good(await order.user.get(`/orders/${order.orderId}`), 200).taxFreeAmount, 2549);
    good(await refund(order, 0, 2), 200);
    good(await refund(order, 1), 200);
    good(await shop.operator.post(`/admin/orders/${order.orderId}/refunds`, { reason: "the rest" }), 200);
    const cancels = cancelsOf(order) ?? [];
    assert.deepEqual(
      cancels.reduce(([amount = 0, taxFree = 0], cancel) => [amount + (cancel[0] ?? 0), taxFree + (cancel[1] ?? 0)], []),
      [3400, 2549],
    );
    assert.deepEqual(cancels[0], [1545, 1545]);
  });

  // The gateway knows no tax-free part of such a payment, and refuses to send one back.
  test("is nothing if the window was opened without it", async () => {
    const order = await paid({ taxFree: 0 });
    good(await refund(order, 0), 200);
    good(await refund(order, 1, 2), 200);
    assert.deepEqual(cancelsOf(order), [
      [1000, 0],
      [1400, 0],
    ]);
  });

  test("is divided in proportion if the window named another amount", async () => {
    const order = await paid({ taxFree: 1000 });
    for (const [line, quantity] of [
      [0, 1],
      [1, 2],
      [0, 2],
    ] as const)
      good(await refund(order, line, quantity), 200);
    assert.deepEqual(cancelsOf(order), [
      [1000, 227],
      [1400, 318],
      [2000, 455],
    ]);
  });

  test("is the same under each key of one refund", async () => {
    const order = await paid({ cancel: ["provider", "provider"] });
    assert.equal((await refund(order, 1)).status, 202);
    good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
    assert.deepEqual(cancelsOf(order), [[700, 150]]);
  });

  test("goes back with a cancel of the whole in the gateway's dashboard", async () => {
    const order = await paid();
    good(await refund(order, 0), 200);
    simulator.cancelInDashboard(order.paymentKey);
    good(await shop.operator.post("/admin/jobs/settle-payments/run"), 200);
    const kept = { name: "kept", text: "SELECT amount, tax_free_amount FROM refunds WHERE order_id = $1 ORDER BY id", values: [order.orderId] };
    assert.deepEqual(await shop.shop.database.rows(kept), [
      { amount: 1000, tax_free_amount: 1000 },
      { amount: 3400, tax_free_amount: 2300 },
    ]);
    await assertAuditIsClean();
  });
});
