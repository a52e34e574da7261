import { setTimeout as pause } from "node:timers/promises";
import type { Ids, ImportOptions } from "./import-sales.ts";
import { concurrently } from "../../src/concurrently.ts";
import type { Plan, Sums } from "./plan.ts";
import type { Days, ShopClient } from "./shop-client.ts";

type OrderSums = Pick<Sums, "orders" | "lines" | "units" | "revenue" | "refundedUnits" | "refundedAmount">;
type Sold = Pick<Sums, "soldUnits" | "soldRevenue">;

const paid = new Set(["COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"]);

/**
 * Reads the plan's sums from the shop: from its orders, its users' ledgers and its statistics, not from results of the replay's own
 * requests. Counts all orders with a product of this file, so that an order placed twice is noticed.
 */
export async function readBack(from: ImportOptions, plan: Plan, ids: Pick<Ids, "products" | "users">, timeoutMs: number): Promise<Sums> {
  const days = daysOf(plan);
  const products = new Set(ids.products.values());
  const { sums, orderIds } = await readOrders(from.shop, days, products);
  const refunds = await countRefunds(from, [...new Set(ids.users.values())], orderIds);
  const sold = await readSales(from.shop, days, products, plan.sums, timeoutMs);
  return { ...sums, refunds, ...sold };
}

async function readOrders(shop: ShopClient, days: Days, products: Set<string>): Promise<{ sums: OrderSums; orderIds: Set<string> }> {
  const sums: OrderSums = { orders: 0, lines: 0, units: 0, revenue: 0, refundedUnits: 0, refundedAmount: 0 };
  const orderIds = new Set<string>();
  for await (const order of shop.orders(days)) {
    if (!paid.has(order.status) || !order.orderItems.some((item) => products.has(item.productId))) continue;
    orderIds.add(order.orderId);
    sums.orders++;
    sums.lines += order.orderItems.length;
    sums.revenue += order.totalAmount;
    sums.refundedAmount += order.refundedAmount;
    for (const item of order.orderItems) {
      sums.units += item.quantity;
      sums.refundedUnits += item.refundedQuantity;
    }
  }
  return { sums, orderIds };
}

/** Counts refunds by the ledger, because an order has only the sum of its refunds. */
async function countRefunds({ shop, concurrency, progress }: ImportOptions, users: string[], orderIds: Set<string>): Promise<number> {
  const stage = progress("ledgers", users.length);
  let refunds = 0;
  await concurrently(users, concurrency, async (userId) => {
    for await (const { type, status, orderId } of shop.transactions(userId)) {
      if (type === "REFUND" && status === "COMPLETED" && orderIds.has(orderId ?? "")) refunds++;
    }
    stage.step();
  }).finally(() => stage.end());
  return refunds;
}

/** Repeats the aggregation, because one stops before the oldest open transaction if the shop has other sales. */
async function readSales(shop: ShopClient, days: Days, products: Set<string>, expected: Sold, timeoutMs: number): Promise<Sold> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    await shop.aggregateSales();
    const sold: Sold = { soldUnits: 0, soldRevenue: 0 };
    for (const { productId, units, revenue } of await shop.sales(days)) {
      if (!products.has(productId)) continue;
      sold.soldUnits += units;
      sold.soldRevenue += revenue;
    }
    const agrees = sold.soldUnits === expected.soldUnits && sold.soldRevenue === expected.soldRevenue;
    if (agrees || performance.now() >= giveUpAt) return sold;
    await pause(Math.min(500, timeoutMs));
  }
}

/** The days of the plan and one more on both sides, because the shop's time zone is unknown. */
function daysOf(plan: Plan): Days {
  const day = (at: string, offset: number) => new Date(Date.parse(at) + offset * 86_400_000).toISOString().slice(0, 10);
  return { from: day(plan.orders[0]!.orderedAt, -1), to: day(plan.orders.at(-1)!.orderedAt, 1) };
}
