import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { fulfilmentStatus } from "./fulfilment.ts";
import { CHANGES_MAX, type Order, type OrderEventType } from "./order.ts";
import { orderEvents, orders } from "./order.sql.ts";

/** Changes an order and writes its event. Errors: ORDER_NOT_REFUNDABLE after 65,535 changes. */
export function changeOrder(uow: UnitOfWork, order: Order, type: OrderEventType, fields: Partial<Order>, data: unknown = null): Order {
  const changes = order.changes + 1;
  if (changes > CHANGES_MAX) refuse("ORDER_NOT_REFUNDABLE", { orderId: order.id });
  const changed = withFulfilmentStatus({ ...order, ...fields, changes });
  uow.put(orders, order.id, changed);
  uow.append(orderEvents, { orderId: order.id, seq: changes, type, data, at: uow.now });
  return changed;
}

/** A refund of unshipped units may complete the fulfilment, so it follows every change. */
function withFulfilmentStatus(order: Order): Order {
  if (order.preparingAt === null && order.fulfilment === null) return order;
  const status = fulfilmentStatus(order);
  return { ...order, fulfilmentStatus: status === "NONE" ? null : status };
}
