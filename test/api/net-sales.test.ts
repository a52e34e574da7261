// Sales with their discounts and refunds. Turn red without: SHARE, `-amount` and `orders` in `counted`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { good, openTestShop, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => (shop = await openTestShop()));
after(() => shop.close());

const aggregate = async (): Promise<void> => void good(await shop.operator.post("/admin/jobs/aggregate-sales/run"), 200);

test("net sales are paid less refunded, to the won, by product and by day, and a recount agrees", async () => {
  const [a, b, c] = [await shop.product({ price: 3333 }), await shop.product({ price: 777 }), await shop.product({ price: 1 })];
  const user = await shop.user({ balance: 1_000_000 });
  const userCouponId = await shop.coupon(user, { discount: { type: "FIXED", amount: 1000 } });
  const lines = [
    { productId: a.id, quantity: 3 },
    { productId: b.id, quantity: 2 },
    { productId: c.id, quantity: 1 },
  ];
  const order = good(await user.post("/orders", { orderItems: lines, userCouponId }), 201);
  const other = good(await user.post("/orders", { orderItems: [{ productId: b.id, quantity: 1 }] }), 201);
  await aggregate();
  const sales = async (): Promise<{ revenue: number; discount: number; refunded: number; net: number; units: number; productId: string }[]> => {
    const list = good(await shop.operator.get("/admin/sales"), 200);
    assert.ok(!Number.isNaN(Date.parse(list.aggregatedAt)));
    return list.sales;
  };
  const sum = (rows: Record<string, unknown>[], member: string): number => rows.reduce((total, row) => total + (row[member] as number), 0);
  const paid = order.paidAmount + other.paidAmount;
  assert.deepEqual([sum(await sales(), "net"), sum(await sales(), "discount"), sum(await sales(), "refunded")], [paid, 1000, 0]);

  const refund = { items: [{ variantId: a.variants[0]?.id, quantity: 1 }], reason: "파손" };
  const { refundedAmount } = good(await shop.operator.post(`/admin/orders/${order.orderId}/refunds`, refund), 200);
  good(await user.post(`/orders/${other.orderId}/cancel`), 200);
  await aggregate();
  const rows = await sales();
  assert.deepEqual([sum(rows, "net"), sum(rows, "units")], [order.paidAmount - refundedAmount, 5]);
  for (const { revenue, discount, net } of rows) assert.equal(revenue - discount, net);
  assert.equal(rows.find(({ productId }) => productId === a.id)?.refunded, refundedAmount);
  assert.equal(rows.find(({ productId }) => productId === b.id)?.refunded, 777);
  const { days } = good(await shop.operator.get("/admin/sales/days"), 200);
  assert.deepEqual([days.length, days[0].orders, days[0].net, days[0].refunded], [1, 1, order.paidAmount - refundedAmount, refundedAmount + 777]);
  assert.equal(good(await shop.operator.post("/admin/jobs/recount-sales/run"), 200).lastResult.corrected, 0);
  assert.deepEqual(good(await shop.operator.get("/admin/sales/days"), 200).days, days);
  assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
});
