import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { readCursor, writeCursor } from "../http/cursor.ts";
import { CHANGES_MAX } from "../order/order.ts";
import { reasonsFor } from "../order/refund.ts";
import { invalid } from "../refusal.ts";
import type { OutboxEvent, RefundData } from "./envelope.ts";
import { type OrderAtEvent, readOrdersAt } from "./order-at-event.ts";
import { selectEventsOfOrder } from "./outbox.sql.ts";

/** What there is to say of an event: what was ordered, what was paid, what was given back; null where the type says it all. */
export type HistoryData =
  | Pick<OrderAtEvent, "orderItems" | "totalAmount" | "discountAmount" | "discount" | "expiresAt">
  | Pick<OrderAtEvent, "orderItems" | "totalAmount" | "discountAmount" | "discount" | "paidAmount" | "payment">
  | (Omit<RefundData, "reason"> & { reason: string | undefined })
  | null;

export type OrderHistory = { events: { type: string; at: string; data: HistoryData }[]; nextCursor: string | null };

/** How many line items of refunds one page holds, so that it is bounded in bytes too. One event is always there. */
const MOST_ITEMS = 10_000;
const LIST = "order history";

export type HistoryPage = { orderId: string; limit: number; cursor: string | undefined; readerIsOperator: boolean };

/** What happened to an order, oldest first, page by page. Whose order it is, is for the caller to check. */
export async function orderHistory(database: Database, { orderId, limit, cursor, readerIsOperator }: HistoryPage): Promise<OrderHistory> {
  const rows = await database.rows<OutboxEvent & { more: boolean }>(selectEventsOfOrder(orderId, historyPlace(cursor), limit, MOST_ITEMS));
  // Only these show the order itself; a refund's event has all that it shows.
  const whole = rows.filter(({ data }) => data === null);
  const orders = new Map((await readOrdersAt(database, whole)).map((order, i) => [whole[i], order]));
  const last = rows.at(-1);
  return {
    events: rows.map((event) => ({ type: event.type, at: iso(event.at), data: dataOf(event, orders.get(event), readerIsOperator) })),
    nextCursor: last?.more ? writeCursor(LIST, [last.seq]) : null,
  };
}

/** The number of the event behind which a page begins. Errors: INVALID_REQUEST for a cursor that is not of this list. */
export function historyPlace(cursor: string | undefined): number {
  const place = (readCursor(LIST, cursor, ["count"])?.[0] as number | undefined) ?? 0;
  return place <= CHANGES_MAX ? place : invalid("/cursor", "is not a cursor of this list");
}

function dataOf({ type, data }: OutboxEvent, order: OrderAtEvent | undefined, readerIsOperator: boolean): HistoryData {
  if (data !== null) return { ...data, ...reasonsFor(readerIsOperator, data) };
  if (order === undefined) return null;
  const { orderItems, totalAmount, discountAmount, discount, expiresAt, paidAmount, payment } = order;
  if (type === "order.placed") return { orderItems, totalAmount, discountAmount, discount, expiresAt };
  if (type === "order.completed") return { orderItems, totalAmount, discountAmount, discount, paidAmount, payment };
  return null;
}
