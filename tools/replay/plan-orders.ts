import type { Sale } from "./sale.ts";

export type PlannedLine = { sku: string; stockCode: string; price: number; quantity: number };
export type PlannedOrder = {
  invoice: string;
  customer: string;
  /** An invoice of several customers is a fault of the file (check-plan.ts). */
  otherCustomers: string[];
  orderedAt: string;
  lines: PlannedLine[];
};

/** An article at a price, such as `85123A@255`. Of one article the prices vary by invoice, and the total must be the invoice's own. */
export const skuOf = (sale: Sale) => `${sale.stockCode}@${sale.price}`;

/** One order for each invoice, oldest first. */
export function planOrders(sales: Sale[]): PlannedOrder[] {
  const orders = [...Map.groupBy(sales, (sale) => sale.invoice)].map(([invoice, sold]) => planOrder(invoice, sold));
  return orders.sort((a, b) => compare(a.orderedAt, b.orderedAt) || compare(a.invoice, b.invoice));
}

function planOrder(invoice: string, sold: Sale[]): PlannedOrder {
  const [customer = "", ...otherCustomers] = new Set(sold.map((sale) => sale.customer));
  // An invoice typed in over a minute's end has two times: it was begun at the first.
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
