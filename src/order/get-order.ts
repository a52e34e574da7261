// Orders of a unit of work.

import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import type { Order } from "./order.ts";
import { orders } from "./order.sql.ts";

/**
 * The order, if the caller may access it.
 * @param callerId the user that must own the order; null for an operator
 * Errors: ORDER_NOT_FOUND, also if another user owns the order.
 */
export function getOrder(uow: UnitOfWork, orderId: string, callerId: string | null): Order {
  const order = uow.find(orders, orderId);
  if (order === undefined || (callerId !== null && order.userId !== callerId)) refuse("ORDER_NOT_FOUND", { orderId });
  return order;
}
