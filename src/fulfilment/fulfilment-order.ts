// Orders of a unit of work, as the commands of the warehouse see them.

import { orderView, type OrderView, type Viewer } from "../order/order-view.ts";
import { unitsByVariant } from "../order/fulfilment.ts";
import type { Order } from "../order/order.ts";
import { orders } from "../order/order.sql.ts";
import { livePayment } from "../order/payment/live-payment.ts";
import { payments } from "../order/payment/payment.sql.ts";
import { refunds } from "../order/refund/refund.sql.ts";
import { type Need, need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";

/** The rows that the functions below read. */
export function fulfilmentNeeds(orderId: string): Need[] {
  return [need(orders, orderId), need(payments, orderId), need(refunds, orderId)];
}

/**
 * The units that can be shipped, by variant: neither shipped nor refunded, nor part of a refund
 * that is in progress at the gateway. Empty for an order that is not paid, or fully refunded.
 */
export function shippableUnits(uow: UnitOfWork, order: Order): Map<string, number> {
  const shippable = new Map<string, number>();
  if (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED") return shippable;
  const refund = uow.find(refunds, order.id);
  const reserved = new Map(refund?.status === "PENDING" && refund.returnId === null ? refund.units : []);
  for (const [variantId, { unshipped }] of unitsByVariant(order)) {
    const units = unshipped - (reserved.get(variantId) ?? 0);
    if (units > 0) shippable.set(variantId, units);
  }
  return shippable;
}

export function viewOrder(uow: UnitOfWork, order: Order, viewer: Viewer): OrderView {
  return orderView(order, livePayment(uow, order.id), viewer);
}
