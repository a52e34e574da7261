// Responses of the orders' routes.

import Type from "typebox";
import { Id, Instant, Money, NextCursor, Nullable, OneOf } from "../http/schemas.ts";
import { ITEMS_IN_LIST } from "./order.sql.ts";
import { PAYMENT_STATUSES } from "./payment/payment.ts";

export const ORDER_STATUSES = ["PENDING", "COMPLETED", "REFUNDED", "PARTIALLY_REFUNDED", "CANCELLED", "EXPIRED"] as const;

const fields = {
  orderId: Id(),
  userId: Id(),
  status: OneOf(ORDER_STATUSES),
  orderItems: Type.Array(
    Type.Object({
      productId: Id(),
      variantId: Id(),
      sku: Nullable(Type.String()),
      name: Type.String(),
      options: Type.Record(Type.String(), Type.String()),
      unitPrice: Money(),
      quantity: Type.Integer(),
      refundedQuantity: Type.Integer(),
    }),
  ),
  userCouponId: Nullable(Id()),
  totalAmount: Money(),
  discountAmount: Money(),
  paidAmount: Type.Integer({ description: "0 until the order is paid, in the currency's minor unit" }),
  refundedAmount: Money(),
  amountDue: Type.Integer({ description: "The amount to pay while the order is PENDING, else 0, in the currency's minor unit" }),
  payment: Nullable(
    Type.Object({
      paymentId: Id(),
      method: OneOf(["BALANCE", "CARD"]),
      status: OneOf(PAYMENT_STATUSES),
    }),
  ),
  createdAt: Instant(),
  expiresAt: Nullable(Instant()),
  completedAt: Nullable(Instant()),
};

export const OrderSchema = Type.Object(fields, { title: "Order" });

const ListedOrder = Type.Object(
  { ...fields, itemCount: Type.Integer({ description: `The number of line items; \`orderItems\` are the first ${ITEMS_IN_LIST}` }) },
  { title: "OrderInList" },
);
export const OrderListSchema = Type.Object({ orders: Type.Array(ListedOrder), nextCursor: NextCursor });
