// An order as of one of its events, built from rows that never change. So the outbox stores no copy of the order, and a repeated
// delivery has the same content as the first.

import type { Database } from "../database/pool.ts";
import { iso, isoOrNull } from "../database/statement.ts";
import type { OrderStatus, StatusEventType } from "../order/order.ts";
import type { OrderOutboxEvent, RefundData } from "./event.ts";
import { type OrderRow, type RefundEventRow, selectOrderRows, selectRefunds } from "./outbox.sql.ts";

/** Amounts in minor units of the shop's currency. `paidAmount` is 0 until the order is paid. */
export type OrderSnapshot = {
  orderId: string;
  userId: string;
  status: OrderStatus;
  orderItems: { productId: string; variantId: string; name: string; unitPrice: number; quantity: number; refundedQuantity: number }[];
  totalAmount: number;
  discountAmount: number;
  paidAmount: number;
  refundedAmount: number;
  discount: { userCouponId: string; couponId: string; amount: number } | null;
  payment: { paymentId: string; method: "BALANCE" | "CARD"; status: OrderStatus; amount: number; paidAt: string | null } | null;
  /** The refund of this event. */
  refund: RefundData | null;
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

/**
 * The order of each of these events, as of that event. Undefined if the order does not exist, which only a damaged database
 * can cause. Makes two queries for any number of events.
 */
export async function readOrderSnapshots(database: Database, events: OrderOutboxEvent[]): Promise<(OrderSnapshot | undefined)[]> {
  const ids = [...new Set(events.map((event) => event.orderId))];
  const refunded = [...new Set(events.filter((event) => event.data !== null).map((event) => event.orderId))];
  const [orders, refunds] = await Promise.all([
    database.rows<OrderRow>(selectOrderRows(ids)),
    refunded.length === 0 ? [] : database.rows<RefundEventRow>(selectRefunds(refunded)),
  ]);
  const orderOf = new Map(orders.map((order) => [order.orderId, order]));
  const refundsOf = Map.groupBy(refunds, (refund) => refund.orderId);
  return events.map((event) => {
    const order = orderOf.get(event.orderId);
    return order && orderAt(event, order, refundsOf.get(event.orderId) ?? []);
  });
}

function orderAt(event: OrderOutboxEvent, order: OrderRow, refunds: RefundEventRow[]): OrderSnapshot {
  const status = (STATUS_AFTER as Record<string, OrderStatus>)[event.type] ?? "COMPLETED";
  const paid = PAID.has(status);
  const made = refunds.filter((refund) => refund.seq <= event.seq).map((refund) => refund.data);
  const refunded = new Map<string, number>();
  for (const { items } of made) for (const { variantId, quantity } of items) refunded.set(variantId, (refunded.get(variantId) ?? 0) + quantity);
  const { totalAmount, discountAmount, userCouponId, couponId } = order;
  return {
    orderId: order.orderId,
    userId: order.userId,
    status,
    orderItems: order.items.map(({ productId, variantId, name, unitPrice, quantity }) => ({
      productId,
      variantId,
      name,
      unitPrice,
      quantity,
      refundedQuantity: refunded.get(variantId) ?? 0,
    })),
    totalAmount,
    discountAmount,
    paidAmount: paid ? totalAmount - discountAmount : 0,
    refundedAmount: made.reduce((sum, refund) => sum + refund.amount, 0),
    discount: userCouponId === null || couponId === null ? null : { userCouponId, couponId, amount: discountAmount },
    payment:
      paid && order.paymentId !== null && order.method !== null
        ? { paymentId: order.paymentId, method: order.method, status, amount: order.amount ?? 0, paidAt: isoOrNull(order.paidAt) }
        : null,
    refund: event.data,
    createdAt: iso(order.createdAt),
    expiresAt: isoOrNull(order.expiresAt),
    completedAt: paid ? isoOrNull(order.completedAt) : null,
  };
}
