import type { PlannedLine, PlannedOrder } from "./plan-orders.ts";
import type { Sale } from "./sale.ts";

/** The refund of one order by one cancellation. */
export type PlannedRefund = { cancellation: string; invoice: string; lines: PlannedLine[] };

/** A line item, and the quantity that is not refunded yet. */
type Open = { order: PlannedOrder; line: PlannedLine; left: number };

/**
 * Assigns cancellations to orders, because a cancellation does not name its invoice. Each one refunds earlier orders of the same
 * customer and stock code: first those at its price, then the others, the latest first. A quantity that exceeds these orders is
 * left out: it was bought before the file starts. Cancellations are processed oldest first.
 */
export function planRefunds(orders: PlannedOrder[], cancellations: Sale[]): PlannedRefund[] {
  const latestFirst = orders.toReversed().flatMap((order) => order.lines.map((line): Open => ({ order, line, left: line.quantity })));
  const openByKey = Map.groupBy(latestFirst, ({ order, line }) => keyOf(order.customer, line.stockCode));
  const refunds = new Map<string, PlannedRefund>();

  for (const cancelled of cancellations.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))) {
    const open = openByKey.get(keyOf(cancelled.customer, cancelled.stockCode)) ?? [];
    const before = open.filter(({ order }) => order.orderedAt <= cancelled.at);
    const samePrice = before.filter(({ line }) => line.price === cancelled.price);
    const otherPrice = before.filter(({ line }) => line.price !== cancelled.price);
    let remaining = cancelled.quantity;
    for (const item of [...samePrice, ...otherPrice]) {
      const quantity = Math.min(remaining, item.left);
      if (quantity === 0) continue;
      remaining -= quantity;
      item.left -= quantity;
      add(refunds, cancelled.invoice, item, quantity);
    }
  }
  return [...refunds.values()];
}

const keyOf = (customer: string, stockCode: string) => JSON.stringify([customer, stockCode]);

/** Adds to the refund of a cancellation and an order, which has each line item once. */
function add(refunds: Map<string, PlannedRefund>, cancellation: string, item: Open, quantity: number): void {
  const { invoice } = item.order;
  const key = JSON.stringify([cancellation, invoice]);
  const refund = refunds.get(key) ?? { cancellation, invoice, lines: [] };
  refunds.set(key, refund);
  const line = refund.lines.find(({ sku }) => sku === item.line.sku);
  if (line) line.quantity += quantity;
  else refund.lines.push({ ...item.line, quantity });
}
