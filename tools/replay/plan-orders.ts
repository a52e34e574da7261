import type { Sale } from "./sale.ts";

export type PlannedLine = { sku: string; stockCode: string; price: number; quantity: number };
export type PlannedOrder = {
  invoice: string;
  customer: string;
  /** Must be empty: an invoice has one customer (check-plan.ts). */
  otherCustomers: string[];
  orderedAt: string;
  lines: PlannedLine[];
};

/** A variant per stock code and price, such as `85123A@255`: prices vary by invoice, and an order must have its invoice's total. */
export const skuOf = (sale: Sale) => `${sale.stockCode}@${sale.price}`;

/** One order for each invoice, oldest first. */
export function planOrders(sales: Sale[]): PlannedOrder[] {
  const orders = [...Map.groupBy(sales, (sale) => sale.invoice)].map(([invoice, sold]) => planOrder(invoice, sold));
  return orders.sort((a, b) => compare(a.orderedAt, b.orderedAt) || compare(a.invoice, b.invoice));
}

function planOrder(invoice: string, sold: Sale[]): PlannedOrder {
  const [customer = "", ...otherCustomers] = new Set(sold.map((sale) => sale.customer));
  // An invoice may have two times, if it was entered across the end of a minute.
  const orderedAt = sold.map((sale) => sale.at).reduce((a, b) => (a < b ? a : b));
  const lines = [...Map.groupBy(sold, skuOf)].map(([sku, equal]) => ({
    sku,
    stockCode: equal[0]!.stockCode,
    price: equal[0]!.price,
    quantity: total(equal, (sale) => sale.quantity),
  }));
  return { invoice, customer, otherCustomers, orderedAt, lines };
}

export const amountOf = (line: PlannedLine) => line.price * line.quantity;

export const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export function total<T>(items: T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
