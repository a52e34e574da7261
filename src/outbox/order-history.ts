import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { reasonsFor } from "../order/refund/refund.ts";
import type { ShipmentView } from "../order/order-view.ts";
import { ALL_EVENTS } from "./event-contents.ts";
import { isRefund, type OrderOutboxEvent, type RefundData, type ReturnData } from "./event.ts";
import { type OrderSnapshot, readOrderSnapshots } from "./order-snapshot.ts";
import { selectEventsOfOrder } from "./outbox.sql.ts";

/** Details of an event: of an order placed, of its payment, of a refund, parcel or return; null if the type says everything. */
export type HistoryData =
  | Pick<OrderSnapshot, "orderItems" | "totalAmount" | "discountAmount" | "discount" | "expiresAt">
  | Pick<OrderSnapshot, "orderItems" | "totalAmount" | "discountAmount" | "discount" | "paidAmount" | "payment">
  | ShipmentView
  | ReturnData
  | (Omit<RefundData, "reason"> & { reason: string | undefined })
  | null;

/** `nextAfter` is the `after` of the next page; null at the end. */
export type OrderHistory = { events: { type: string; at: string; data: HistoryData }[]; nextAfter: number | null };

/** Bounds of a page: events, and line items of refunds, so that its bytes are bounded too. A page has at least one event. */
const MAX_EVENTS = 1000;
const MAX_ITEMS = 10_000;

/** @param after how many of the order's events come before the page */
export type HistoryPage = { orderId: string; after: number; readerIsOperator: boolean };

/** A page of an order's events, oldest first. The caller checks who may read the order. */
export async function orderHistory(database: Database, { orderId, after, readerIsOperator }: HistoryPage): Promise<OrderHistory> {
  const rows = await database.rows<OrderOutboxEvent & { more: boolean }>(selectEventsOfOrder(orderId, after, MAX_EVENTS, MAX_ITEMS));
  // Only these show the order itself; a refund event carries its own data.
  const withoutData = rows.filter(({ data }) => data === null);
  const orders = new Map((await readOrderSnapshots(database, withoutData, ALL_EVENTS)).map((order, i) => [withoutData[i], order]));
  const last = rows.at(-1);
  return {
    events: rows.map((event) => ({ type: event.type, at: iso(event.at), data: dataOf(event, orders.get(event), readerIsOperator) })),
    nextAfter: last?.more ? last.seq : null,
  };
}

function dataOf(event: OrderOutboxEvent, order: OrderSnapshot | undefined, readerIsOperator: boolean): HistoryData {
  if (isRefund(event)) return { ...event.data, ...reasonsFor(readerIsOperator, event.data) };
  if (event.data !== null) return event.data;
  if (order === undefined) return null;
  const { type } = event;
  const { orderItems, totalAmount, discountAmount, discount, expiresAt, paidAmount, payment } = order;
  if (type === "order.placed") return { orderItems, totalAmount, discountAmount, discount, expiresAt };
  if (type === "order.completed") return { orderItems, totalAmount, discountAmount, discount, paidAmount, payment };
  return null;
}
