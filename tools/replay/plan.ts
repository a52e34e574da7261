import { amountOf, compare, planOrders, skuOf, total } from "./plan-orders.ts";
import type { PlannedOrder } from "./plan-orders.ts";
import { planRefunds } from "./plan-refunds.ts";
import type { PlannedRefund } from "./plan-refunds.ts";
import type { Sale } from "./sale.ts";
import type { SalesFile } from "./sales-file.ts";

type PlannedVariant = { sku: string; name: string; price: number; stock: number };
export type PlannedProduct = { stockCode: string; name: string; variants: PlannedVariant[] };
type PlannedCustomer = { customer: string; spends: number };

/** Totals of the file, which the shop must report after the replay. Amounts in pence. */
export type Sums = {
  orders: number;
  lines: number;
  units: number;
  revenue: number;
  refunds: number;
  refundedUnits: number;
  refundedAmount: number;
  /** As in the sales statistics: refunds are subtracted. */
  soldUnits: number;
  soldRevenue: number;
};

export type Plan = {
  products: PlannedProduct[];
  customers: PlannedCustomer[];
  /** Oldest first, like the refunds. */
  orders: PlannedOrder[];
  refunds: PlannedRefund[];
  sums: Sums;
};

/**
 * Plans the requests that import the file's sales. The plan does not depend on the order of the rows, so that another run, also with
 * a reordered file, sends the same requests.
 */
export function planReplay(file: SalesFile): Plan {
  const sales = inOrder(file.sales);
  const orders = planOrders(sales);
  const refunds = planRefunds(orders, inOrder(file.cancellations));
  return { products: planProducts(sales), customers: planCustomers(orders), orders, refunds, sums: sumsOf(orders, refunds) };
}

function inOrder(sales: Sale[]): Sale[] {
  return sales.toSorted(
    (a, b) =>
      compare(a.invoice, b.invoice) ||
      compare(a.stockCode, b.stockCode) ||
      a.price - b.price ||
      compare(a.description, b.description) ||
      compare(a.customer, b.customer) ||
      a.quantity - b.quantity,
  );
}

function planProducts(sales: Sale[]): PlannedProduct[] {
  return [...Map.groupBy(sales, (sale) => sale.stockCode)].map(([stockCode, sold]) => ({
    stockCode,
    name: mostFrequent(sold.map((sale) => sale.description).filter((description) => description !== "")) ?? stockCode,
    variants: [...Map.groupBy(sold, skuOf)].map(([sku, atPrice]) => planVariant(sku, atPrice)).sort((a, b) => a.price - b.price),
  }));
}

function planVariant(sku: string, sold: Sale[]): PlannedVariant {
  const { price } = sold[0]!;
  const pence = String(price).padStart(3, "0");
  return { sku, name: `£${pence.slice(0, -2)}.${pence.slice(-2)}`, price, stock: total(sold, (sale) => sale.quantity) };
}

function mostFrequent(texts: string[]): string | undefined {
  const byCount = [...Map.groupBy(texts, (text) => text)].sort(([one, a], [other, b]) => b.length - a.length || compare(one, other));
  return byCount[0]?.[0];
}

function planCustomers(orders: PlannedOrder[]): PlannedCustomer[] {
  return [...Map.groupBy(orders, (order) => order.customer)].map(([customer, placed]) => ({
    customer,
    spends: total(placed, (order) => total(order.lines, amountOf)),
  }));
}

function sumsOf(orders: PlannedOrder[], refunds: PlannedRefund[]): Sums {
  const bought = orders.flatMap((order) => order.lines);
  const returned = refunds.flatMap((refund) => refund.lines);
  const [units, revenue] = [total(bought, (line) => line.quantity), total(bought, amountOf)];
  const [refundedUnits, refundedAmount] = [total(returned, (line) => line.quantity), total(returned, amountOf)];
  return {
    orders: orders.length,
    lines: bought.length,
    units,
    revenue,
    refunds: refunds.length,
    refundedUnits,
    refundedAmount,
    soldUnits: units - refundedUnits,
    soldRevenue: revenue - refundedAmount,
  };
}
