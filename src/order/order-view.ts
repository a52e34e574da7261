// Orders as the API returns them.

import { iso, isoOrNull } from "../database/statement.ts";
import { type Order, type OrderItem, type OrderStatus, payable } from "./order.ts";
import type { PaymentRow } from "./payment/payment.ts";

export type OrderView = {
  orderId: string;
  userId: string;
  status: OrderStatus;
  orderItems: Omit<OrderItem, "line">[];
  userCouponId: string | null;
  totalAmount: number;
  discountAmount: number;
  paidAmount: number;
  refundedAmount: number;
  amountDue: number;
  payment: { paymentId: string; method: "BALANCE" | "CARD"; status: PaymentRow["status"] } | null;
  createdAt: string;
  expiresAt: string | null;
  completedAt: string | null;
};

type PaymentSummary = Pick<PaymentRow, "id" | "method" | "status">;

/** `paidAmount` is 0 before payment, `amountDue` is 0 unless the order is PENDING. */
export function orderView(order: Order, items: OrderItem[], payment: PaymentSummary | undefined): OrderView {
  return {
    orderId: order.id,
    userId: order.userId,
    status: order.status,
    orderItems: items.map(({ variantId, productId, name, unitPrice, quantity, refundedQuantity }) => ({
      productId,
      variantId,
      name,
      unitPrice,
      quantity,
      refundedQuantity,
    })),
    userCouponId: order.userCouponId,
    totalAmount: order.totalAmount,
    discountAmount: order.discountAmount,
    paidAmount: order.completedAt === null ? 0 : payable(order),
    refundedAmount: order.refundedAmount,
    amountDue: order.status === "PENDING" ? payable(order) : 0,
    payment: payment ? { paymentId: payment.id, method: payment.method, status: payment.status } : null,
    createdAt: iso(order.createdAt),
    expiresAt: isoOrNull(order.expiresAt),
    completedAt: isoOrNull(order.completedAt),
  };
}

/** An order with its payment and, in lists, only the first `items` of `itemCount`. */
export type OrderRow = Order & { items: OrderItem[]; itemCount: number; payment: PaymentSummary | null };

export function orderRowView(row: OrderRow): OrderView {
  return orderView(row, row.items, row.payment ?? undefined);
}

export function listedOrderView(row: OrderRow): OrderView & { itemCount: number } {
  return { ...orderRowView(row), itemCount: row.itemCount };
}
