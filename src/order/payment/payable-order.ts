import { getVariantForSale } from "../../catalog/get-variant.ts";
import { checkAmount, hasExpired, type Order } from "../order.ts";
import { getOrder } from "../get-order.ts";
import { holdHasEnded, salesOf, sellInDrops } from "../../drop/sell-in-drop.ts";
import { livePayment } from "./live-payment.ts";
import { refuse } from "../../refusal.ts";
import type { UnitOfWork } from "../../till/unit-of-work.ts";

/**
 * An order that may be paid now, by any method.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_PAYABLE (also after it has expired), PAYMENT_IN_PROGRESS, AMOUNT_CHANGED, PRODUCT_NOT_FOR_SALE, and those of `sellInDrops`.
 */
export function payableOrder(
  uow: UnitOfWork,
  { orderId, callerId, expectedAmount, person }: { orderId: string; callerId: string | null; expectedAmount: number | null; person?: string },
): Order {
  const order = getOrder(uow, orderId, callerId);
  if (order.status === "PENDING" && livePayment(uow, orderId)) refuse("PAYMENT_IN_PROGRESS", { orderId });
  if (order.status !== "PENDING" || hasExpired(order, holdHasEnded(uow, orderId), uow.now))
    refuse("ORDER_NOT_PAYABLE", { orderId, orderStatus: order.status });
  checkAmount(order, expectedAmount);
  for (const { productId, variantId } of order.items) getVariantForSale(uow, productId, variantId);
  // An order that was placed before its product came into a drop is sold by the rules of the drop.
  if (!order.holdsStock)
    sellInDrops(uow, { orderId, userId: order.userId, person: person ?? order.userId, items: order.items }, salesOf(uow, orderId));
  return order;
}
