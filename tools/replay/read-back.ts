import { setTimeout as pause } from "node:timers/promises";
import type { Ids, Ways } from "./bring-in.ts";
import { concurrently } from "../../src/concurrently.ts";
import type { Plan, Sums } from "./plan.ts";
import type { Days, ShopClient } from "./shop-client.ts";

type OrderSums = Pick<Sums, "orders" | "lines" | "units" | "revenue" | "refundedUnits" | "refundedAmount">;
type Sold = Pick<Sums, "soldUnits" | "soldRevenue">;

const paid = new Set(["COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"]);

/**
 * The same sums as the plan's, as the shop has them: from its orders, its users' ledgers and its statistics, and nothing from what the replay
 * remembers of its own calls. Orders count by holding a product of this file, not by their id: an order placed twice shows.
 */
export async function readBack(ways: Ways, plan: Plan, ids: Pick<Ids, "products" | "users">, patienceMs: number): Promise<Sums> {
  const days = daysOf(plan);
  const products = new Set(ids.products.values());
  const { sums, orderIds } = await readOrders(ways.shop, days, products);
  const refunds = await countRefunds(ways, [...new Set(ids.users.values())], orderIds);
  const sold = await readSales(ways.shop, days, products, plan.sums, patienceMs);
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

/** An order says how much of it was refunded but not in how many parts; the ledger has a transaction for each. */
async function countRefunds({ shop, concurrency, progress }: Ways, users: string[], orderIds: Set<string>): Promise<number> {
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

/** In a shop that sells meanwhile, an aggregation stops before the oldest transaction still open, so what is missing may come with the next. */
async function readSales(shop: ShopClient, days: Days, products: Set<string>, expected: Sold, patienceMs: number): Promise<Sold> {
  const giveUpAt = performance.now() + patienceMs;
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
    await pause(Math.min(500, patienceMs));
  }
}

/** The shop counts days in its own zone, wherever that is; a day more on both sides holds them all. */
function daysOf(plan: Plan): Days {
  const day = (at: string, offset: number) => new Date(Date.parse(at) + offset * 86_400_000).toISOString().slice(0, 10);
  return { from: day(plan.orders[0]!.orderedAt, -1), to: day(plan.orders.at(-1)!.orderedAt, 1) };
}
