// An order as of one of its events, built from rows that never change. So the outbox stores no copy of the order, and a repeated
// delivery has the same content as the first. Only address, note, metadata and the buyer's external id are as of the delivery:
// no event of the order marks their change, and erased data must not be sent.

import type { Database } from "../database/pool.ts";
import { iso, isoOrNull } from "../database/statement.ts";
import { eventId } from "../ids.ts";
import { orderNumberOf } from "../order/order-number.ts";
import type { OrderItem, OrderStatus, ShippingAddress, StatusEventType } from "../order/order.ts";
import type { ShipmentView } from "../order/order-view.ts";
import type { EventContents } from "./event-contents.ts";
import { isRefund, type OrderOutboxEvent, type RefundData, type ReturnData } from "./event.ts";
import { type DataEventRow, type OrderRow, selectDataEvents, selectOrderRows } from "./outbox.sql.ts";

export type LineItemSnapshot = Omit<OrderItem, "shippedQuantity" | "returnedQuantity" | "writtenOffQuantity">;

/** Amounts in minor units of the shop's currency. `paidAmount` is 0 until the order is paid. */
export type OrderSnapshot = {
  orderId: string;
  orderNumber: string;
  userId: string;
  userExternalId: string | null;
  status: OrderStatus;
  orderItems: LineItemSnapshot[];
  totalAmount: number;
  discountAmount: number;
  paidAmount: number;
  refundedAmount: number;
  discount: { userCouponId: string; couponId: string; amount: number } | null;
  payment: { paymentId: string; method: "BALANCE" | "CARD"; status: OrderStatus; amount: number; paidAt: string | null } | null;
  /** Null unless DATA_PLATFORM_PERSONAL_DATA is on. */
  shippingAddress: ShippingAddress | null;
  note: string | null;
  metadata: Record<string, string>;
  shipments: ShipmentView[];
  /** The refund, parcel or return of this event. */
  refund: RefundData | null;
  shipment: ShipmentView | null;
  return: ReturnData | null;
  createdAt: string;
  expiresAt: string | null;
  completedAt: string | null;
};

const STATUS_AFTER: Record<StatusEventType, OrderStatus> = {
  "order.placed": "PENDING",
  "order.completed": "COMPLETED",
  "order.cancelled": "CANCELLED",
  "order.expired": "EXPIRED",
  "order.refunded": "REFUNDED",
  "order.partially-refunded": "PARTIALLY_REFUNDED",
};
const PAID: ReadonlySet<OrderStatus> = new Set(["COMPLETED", "REFUNDED", "PARTIALLY_REFUNDED"]);

const NONE: ReadonlyMap<string, OrderRow> = new Map();

/**
 * The order of each of these events, as of that event. Undefined if the order does not exist, which only a damaged database
 * can cause. Makes two queries for any number of events.
 * @param known orders that were read already, by id
 */
export async function readOrderSnapshots(
  database: Database,
  events: OrderOutboxEvent[],
  contents: Omit<EventContents, "types">,
  known: ReadonlyMap<string, OrderRow> = NONE,
): Promise<(OrderSnapshot | undefined)[]> {
  const unknown = [...new Set(events.map((event) => event.orderId))].filter((id) => !known.has(id));
  // An order's first event comes before all events with data.
  const later = [...new Set(events.filter((event) => event.seq > 1).map((event) => event.orderId))];
  const [orders, changes] = await Promise.all([
    unknown.length === 0 ? [] : database.rows<OrderRow>(selectOrderRows(unknown)),
    later.length === 0 ? [] : database.rows<DataEventRow>(selectDataEvents(later)),
  ]);
  const orderOf = new Map(orders.map((order) => [order.orderId, order]));
  const changesOf = Map.groupBy(changes, (change) => change.orderId);
  return events.map((event) => {
    const order = known.get(event.orderId) ?? orderOf.get(event.orderId);
    const until = (changesOf.get(event.orderId) ?? []).filter(({ seq }) => seq <= event.seq);
    return order && orderAt(event, order, until, contents);
  });
}

function orderAt(
  event: OrderOutboxEvent,
  order: OrderRow,
  changes: DataEventRow[],
  { timezone, personalData }: Omit<EventContents, "types">,
): OrderSnapshot {
  const refunds = changes.filter(isRefund);
  // A parcel or a return leaves the status as the last refund left it.
  const status = (STATUS_AFTER as Record<string, OrderStatus>)[event.type] ?? STATUS_AFTER[refunds.at(-1)?.type ?? "order.completed"];
  const paid = PAID.has(status);
  const { totalAmount, discountAmount, userCouponId, couponId } = order;
  return {
    orderId: order.orderId,
    orderNumber: orderNumberOf(order.orderId, order.createdAt, timezone),
    userId: order.userId,
    userExternalId: order.userExternalId,
    status,
    orderItems: lineItemsAt(order, refunds),
    totalAmount,
    discountAmount,
    paidAmount: paid ? totalAmount - discountAmount : 0,
    refundedAmount: refunds.reduce((sum, { data }) => sum + data.amount, 0),
    discount: userCouponId === null || couponId === null ? null : { userCouponId, couponId, amount: discountAmount },
    payment:
      paid && order.method !== null
        ? {
            paymentId: order.paymentId ?? eventId(order.orderId, 1),
            method: order.method,
            status,
            amount: order.amount ?? 0,
            paidAt: isoOrNull(order.paidAt),
          }
        : null,
    shippingAddress: personalData ? order.shippingAddress : null,
    note: personalData ? order.note : null,
    metadata: order.metadata ?? {},
    shipments: shipmentsAt(changes),
    refund: isRefund(event) ? event.data : null,
    shipment: event.type === "order.shipped" || event.type === "order.delivered" ? event.data : null,
    return: event.type.startsWith("return.") ? (event.data as ReturnData) : null,
    createdAt: iso(order.createdAt),
    expiresAt: isoOrNull(order.expiresAt),
    completedAt: paid ? isoOrNull(order.completedAt) : null,
  };
}

function lineItemsAt({ items }: OrderRow, refunds: { data: RefundData }[]): LineItemSnapshot[] {
  const refunded = new Map<string, number>();
  for (const { data } of refunds)
    for (const { variantId, quantity } of data.items) refunded.set(variantId, (refunded.get(variantId) ?? 0) + quantity);
  return items.map(({ productId, variantId, sku, name, options, unitPrice, quantity }) => ({
    productId,
    variantId,
    sku: sku ?? null,
    name,
    options: options ?? {},
    unitPrice,
    quantity,
    refundedQuantity: refunded.get(variantId) ?? 0,
  }));
}

/** A delivery replaces the parcel as it was shipped. */
function shipmentsAt(changes: DataEventRow[]): ShipmentView[] {
  const shipments = new Map<string, ShipmentView>();
  for (const change of changes)
    if (change.type === "order.shipped" || change.type === "order.delivered") shipments.set(change.data.shipmentId, change.data);
  return [...shipments.values()];
}
