// Orders as the API returns them.

import { iso, isoOrNull } from "../database/statement.ts";
import { type Order, type OrderItem, type OrderStatus, payable } from "./order.ts";
import { withItems } from "./order.sql.ts";
import { balancePayment, type PaymentRow } from "./payment/payment.ts";

export type OrderView = {
  orderId: string;
  userId: string;
  status: OrderStatus;
  orderItems: OrderItem[];
  userCouponId: string | null;
  totalAmount: number;
  discountAmount: number;
  paidAmount: number;
  refundedAmount: number;
  amountDue: number;
  holdsStock: boolean;
  payment: { paymentId: string; method: "BALANCE" | "CARD"; status: PaymentRow["status"] } | null;
  createdAt: string;
  expiresAt: string | null;
  completedAt: string | null;
};

type PaymentSummary = Pick<PaymentRow, "id" | "method" | "status">;

/**
 * `paidAmount` is 0 before payment, `amountDue` is 0 unless the order is PENDING.
 * @param gatewayPayment the payment at the gateway, if there is one
 */
export function orderView(order: Order, gatewayPayment: PaymentSummary | undefined): OrderView {
  const payment = balancePayment(order) ?? gatewayPayment;
  return {
    orderId: order.id,
    userId: order.userId,
    status: order.status,
    orderItems: order.items.map(({ variantId, productId, sku, name, options, unitPrice, quantity, refundedQuantity }) => ({
      productId,
      variantId,
      sku,
      name,
      options,
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
    holdsStock: order.holdsStock ?? false,
    payment: payment ? { paymentId: payment.id, method: payment.method, status: payment.status } : null,
    createdAt: iso(order.createdAt),
    expiresAt: isoOrNull(order.expiresAt),
    completedAt: isoOrNull(order.completedAt),
  };
}

/** An order with its payment at the gateway. */
export type OrderRow = Order & { payment: PaymentSummary | null };
/** In lists, only the first `items` of `itemCount`. */
export type ListedOrderRow = OrderRow & { itemCount: number };

export function orderRowView(row: OrderRow): OrderView {
  return orderView(row, row.payment ?? undefined);
}

export function listedOrderView(row: ListedOrderRow): OrderView & { itemCount: number } {
  return { ...orderRowView(withItems(row)), itemCount: row.itemCount };
}
