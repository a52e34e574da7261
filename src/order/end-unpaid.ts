import { endSales } from "../drop/sell-in-drop.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { changeOrder } from "./change-order.ts";
import type { Order } from "./order.ts";
import { restoreStock } from "./reserve-stock.ts";

/**
 * Ends an order that was never paid: returns its units, and its units no longer count in drops.
 * @param entries what becomes of the entries whose holds it took over
 * Errors: NeedsChanged.
 */
export function endUnpaid(uow: UnitOfWork, order: Order, status: "CANCELLED" | "EXPIRED", entries: "LEFT" | "LAPSED"): Order {
  const ended = changeOrder(uow, order, status === "CANCELLED" ? "order.cancelled" : "order.expired", { status, holdsStock: false });
  endSales(uow, order.id, entries);
  if (order.holdsStock) restoreStock(uow, order);
  return ended;
}
