import type { PlannedLine, PlannedOrder } from "./plan-orders.ts";
import type { Sale } from "./sale.ts";

/** What one cancellation takes back of one order. */
export type PlannedRefund = { cancellation: string; invoice: string; lines: PlannedLine[] };

/** A line of an order, and how much of it no cancellation has taken back yet. */
type Open = { order: PlannedOrder; line: PlannedLine; left: number };

/**
 * A cancellation does not say which invoice it takes back. It is taken from the same customer's orders of the same article up to its own time:
 * first those at its own price, then those at any other, the latest first in both, as far as they reach. What reaches nothing is left out:
 * it takes back what was bought before the file begins. Cancellations are served oldest first.
 */
export function planRefunds(orders: PlannedOrder[], cancellations: Sale[]): PlannedRefund[] {
  const latestFirst = orders.toReversed().flatMap((order) => order.lines.map((line): Open => ({ order, line, left: line.quantity })));
  const openByArticle = Map.groupBy(latestFirst, ({ order, line }) => articleOf(order.customer, line.stockCode));
  const refunds = new Map<string, PlannedRefund>();

  for (const cancelled of cancellations.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))) {
    const open = openByArticle.get(articleOf(cancelled.customer, cancelled.stockCode)) ?? [];
    const before = open.filter(({ order }) => order.orderedAt <= cancelled.at);
    const [atItsPrice, atAnother] = [
      before.filter((of) => of.line.price === cancelled.price),
      before.filter((of) => of.line.price !== cancelled.price),
    ];
    let wanted = cancelled.quantity;
    for (const of of [...atItsPrice, ...atAnother]) {
      const quantity = Math.min(wanted, of.left);
      if (quantity === 0) continue;
      wanted -= quantity;
      of.left -= quantity;
      add(refunds, cancelled.invoice, of, quantity);
    }
  }
  return [...refunds.values()];
}

const articleOf = (customer: string, stockCode: string) => JSON.stringify([customer, stockCode]);

/** One refund holds all that a cancellation takes of one order, each of its lines once. */
function add(refunds: Map<string, PlannedRefund>, cancellation: string, of: Open, quantity: number): void {
  const { invoice } = of.order;
  const key = JSON.stringify([cancellation, invoice]);
  const refund = refunds.get(key) ?? { cancellation, invoice, lines: [] };
  refunds.set(key, refund);
  const line = refund.lines.find((line) => line.sku === of.line.sku);
  if (line) line.quantity += quantity;
  else refund.lines.push({ ...of.line, quantity });
}
