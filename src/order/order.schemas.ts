// Responses of the orders' routes.

import Type from "typebox";
import { COUNTRIES } from "../country.ts";
import { MetadataSchema } from "../http/metadata.ts";
import { Body, Id, Instant, Money, NextCursor, Nullable, OneOf, Text } from "../http/schemas.ts";
import { ITEMS_IN_LIST } from "./order.sql.ts";
import { PAYMENT_STATUSES } from "./payment/payment.ts";

export const ORDER_STATUSES = ["PENDING", "COMPLETED", "REFUNDED", "PARTIALLY_REFUNDED", "CANCELLED", "EXPIRED"] as const;

export const FULFILMENT_STATUSES = ["NONE", "PREPARING", "PARTIALLY_SHIPPED", "SHIPPED", "DELIVERED"] as const;

const address = {
  recipient: Text(100),
  phone: Text(40),
  postalCode: Text(20),
  line1: Text(200),
  line2: Type.Optional(Text(200)),
  country: Type.Optional(OneOf(COUNTRIES)),
  note: Type.Optional(Text(500)),
};
export const ShippingAddressBody = Body(address, { description: "`country` is a code of ISO 3166-1; by default the shop's" });
const ShippingAddressSchema = Type.Object({ ...address, country: Type.String({ description: "ISO 3166-1" }) }, { title: "ShippingAddress" });

export const UnitsSchema = Type.Array(Type.Object({ variantId: Id(), quantity: Type.Integer() }));
const ShipmentSchema = Type.Object(
  {
    shipmentId: Id(),
    items: UnitsSchema,
    carrier: Type.String(),
    trackingNumber: Type.String(),
    trackingUrl: Nullable(Type.String()),
    shippedAt: Instant(),
    deliveredAt: Nullable(Instant()),
  },
  { title: "Shipment" },
);

const fields = {
  orderId: Id(),
  orderNumber: Type.String({ description: "The day of the order in the shop's time zone and eight characters, such as 261129-7ZK3MQ0D" }),
  externalId: Type.Optional(Nullable(Type.String({ description: "Operators only: the order's id in another system" }))),
  userId: Id(),
  status: OneOf(ORDER_STATUSES),
  fulfilmentStatus: OneOf(FULFILMENT_STATUSES),
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
  taxFreeAmount: Type.Optional(
    Type.Integer({
      description:
        "The part of the total less the discount that is exempt from value-added tax, for the gateway's window; absent: 0. In the currency's minor unit",
    }),
  ),
  holdsStock: Type.Boolean({ description: "Unpaid, and its stock and coupon are taken until it is paid, cancelled or expires" }),
  shippingAddress: Nullable(ShippingAddressSchema),
  note: Nullable(Type.String()),
  metadata: MetadataSchema(),
  shipments: Type.Array(ShipmentSchema),
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

const OrderWithBuyer = Type.Object(
  {
    ...ListedOrder.properties,
    user: Nullable(Type.Object({ id: Id(), name: Type.String(), externalId: Nullable(Type.String()) })),
  },
  { title: "OrderWithBuyer" },
);
export const OrderSearchSchema = Type.Object({ orders: Type.Array(OrderWithBuyer), nextCursor: NextCursor });
