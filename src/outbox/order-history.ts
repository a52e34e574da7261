import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import type { OutboxEvent, RefundData } from "./envelope.ts";
import { type OrderAtEvent, readOrdersAt } from "./order-at-event.ts";
import { selectEventsOfOrder } from "./outbox.sql.ts";

/** What there is to say of an event: what was ordered, what was paid, what was given back; null where the type says it all. */
export type HistoryData =
  | Pick<OrderAtEvent, "orderItems" | "totalAmount" | "discountAmount" | "discount" | "expiresAt">
  | Pick<OrderAtEvent, "orderItems" | "totalAmount" | "discountAmount" | "discount" | "paidAmount" | "payment">
  | RefundData
  | null;

export type OrderHistory = { events: { type: string; at: string; data: HistoryData }[] };

/** Everything that happened to an order, oldest first. Whose order it is, is for the caller to check. */
export async function orderHistory(database: Database, orderId: string): Promise<OrderHistory> {
  const events = await database.rows<OutboxEvent>(selectEventsOfOrder(orderId));
  if (events.length === 0) return { events: [] };
  const orders = await readOrdersAt(database, events);
  return { events: events.map((event, i) => ({ type: event.type, at: iso(event.at), data: dataOf(event, orders[i]) })) };
}

function dataOf({ type, data }: OutboxEvent, order: OrderAtEvent | undefined): HistoryData {
  if (order === undefined) return data;
  const { orderItems, totalAmount, discountAmount, discount, expiresAt, paidAmount, payment } = order;
  if (type === "order.placed") return { orderItems, totalAmount, discountAmount, discount, expiresAt };
  if (type === "order.completed") return { orderItems, totalAmount, discountAmount, discount, paidAmount, payment };
  return data;
}
