import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { reasonsFor } from "../order/refund/refund.ts";
import type { OutboxEvent, RefundData } from "./envelope.ts";
import { type OrderSnapshot, readOrderSnapshots } from "./order-snapshot.ts";
import { selectEventsOfOrder } from "./outbox.sql.ts";

/** What there is to say of an event: what was ordered, what was paid, what was given back; null where the type says it all. */
export type HistoryData =
  | Pick<OrderSnapshot, "orderItems" | "totalAmount" | "discountAmount" | "discount" | "expiresAt">
  | Pick<OrderSnapshot, "orderItems" | "totalAmount" | "discountAmount" | "discount" | "paidAmount" | "payment">
  | (Omit<RefundData, "reason"> & { reason: string | undefined })
  | null;

/** `nextAfter` asks for the page behind this one; null at the end. */
export type OrderHistory = { events: { type: string; at: string; data: HistoryData }[]; nextAfter: number | null };

/** The most that one page holds: events, and line items of refunds, so that it is bounded in bytes too. One event is always there. */
const MOST_EVENTS = 1000;
const MOST_ITEMS = 10_000;

/** @param after how many of the order's events come before the page */
export type HistoryPage = { orderId: string; after: number; readerIsOperator: boolean };

/** What happened to an order, oldest first, page by page. Whose order it is, is for the caller to check. */
export async function orderHistory(database: Database, { orderId, after, readerIsOperator }: HistoryPage): Promise<OrderHistory> {
  const rows = await database.rows<OutboxEvent & { more: boolean }>(selectEventsOfOrder(orderId, after, MOST_EVENTS, MOST_ITEMS));
  // Only these show the order itself; a refund's event has all that it shows.
  const whole = rows.filter(({ data }) => data === null);
  const orders = new Map((await readOrderSnapshots(database, whole)).map((order, i) => [whole[i], order]));
  const last = rows.at(-1);
  return {
    events: rows.map((event) => ({ type: event.type, at: iso(event.at), data: dataOf(event, orders.get(event), readerIsOperator) })),
    nextAfter: last?.more ? last.seq : null,
  };
}

function dataOf({ type, data }: OutboxEvent, order: OrderSnapshot | undefined, readerIsOperator: boolean): HistoryData {
  if (data !== null) return { ...data, ...reasonsFor(readerIsOperator, data) };
  if (order === undefined) return null;
  const { orderItems, totalAmount, discountAmount, discount, expiresAt, paidAmount, payment } = order;
  if (type === "order.placed") return { orderItems, totalAmount, discountAmount, discount, expiresAt };
  if (type === "order.completed") return { orderItems, totalAmount, discountAmount, discount, paidAmount, payment };
  return null;
}
