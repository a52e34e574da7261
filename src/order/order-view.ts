// Orders as the API returns them.

import { iso, isoOrNull } from "../database/statement.ts";
import type { FulfilmentStatus, Shipment } from "./fulfilment.ts";
import { type Order, type OrderItem, type OrderStatus, payable, type ShippingAddress } from "./order.ts";
import { orderNumberOf } from "./order-number.ts";
import { ITEMS_IN_LIST, withItems } from "./order.sql.ts";
import { taxFreeTotal } from "./refund/refund-shares.ts";
import { balancePayment, type PaymentRow } from "./payment/payment.ts";

/** Who reads an order. The zone is the shop's, which order numbers depend on. */
export type Viewer = { timezone: string; isOperator: boolean };

/** For callers that do not show the order. */
export const NO_VIEWER: Viewer = { timezone: "UTC", isOperator: true };

export type ShipmentView = Pick<Shipment, "items" | "carrier" | "trackingNumber" | "trackingUrl"> & {
  shipmentId: string;
  shippedAt: string;
  deliveredAt: string | null;
};

export type OrderView = {
  orderId: string;
  orderNumber: string;
  /** Operators only. */
  externalId?: string | null;
  userId: string;
  status: OrderStatus;
  fulfilmentStatus: FulfilmentStatus;
  orderItems: OrderItem[];
  userCouponId: string | null;
  totalAmount: number;
  discountAmount: number;
  paidAmount: number;
  refundedAmount: number;
  amountDue: number;
  /** Of the amount that is or was to pay. Absent is 0. */
  taxFreeAmount?: number;
  holdsStock: boolean;
  shippingAddress: ShippingAddress | null;
  note: string | null;
  metadata: Record<string, string>;
  shipments: ShipmentView[];
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
export function orderView(order: Order, gatewayPayment: PaymentSummary | undefined, { timezone, isOperator }: Viewer): OrderView {
  const payment = balancePayment(order) ?? gatewayPayment;
  const taxFreeAmount = taxFreeTotal(order);
  // One literal without spreads: members behind a spread are added one by one, which costs more than all others.
  const view: OrderView = {
    orderId: order.id,
    orderNumber: orderNumberOf(order.id, order.createdAt, timezone),
    userId: order.userId,
    status: order.status,
    fulfilmentStatus: order.fulfilmentStatus ?? "NONE",
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
    shippingAddress: order.shippingAddress,
    note: order.note,
    metadata: order.metadata ?? {},
    shipments: order.fulfilment === null ? [] : order.fulfilment.shipments.map(shipmentView),
    payment: payment ? { paymentId: payment.id, method: payment.method, status: payment.status } : null,
    createdAt: iso(order.createdAt),
    expiresAt: isoOrNull(order.expiresAt),
    completedAt: isoOrNull(order.completedAt),
  };
  if (taxFreeAmount > 0) view.taxFreeAmount = taxFreeAmount;
  if (isOperator) view.externalId = order.externalId;
  return view;
}

export function shipmentView({ id, items, carrier, trackingNumber, trackingUrl, shippedAt, deliveredAt }: Shipment): ShipmentView {
  return { shipmentId: id, items, carrier, trackingNumber, trackingUrl, shippedAt: iso(shippedAt), deliveredAt: isoOrNull(deliveredAt) };
}

/** An order with its payment at the gateway. */
export type OrderRow = Order & { payment: PaymentSummary | null };
/** In lists, only the first `items` of `itemCount`. */
export type ListedOrderRow = OrderRow & { itemCount: number };
export type Buyer = { id: string; name: string; externalId: string | null };

export function orderRowView(row: OrderRow, viewer: Viewer): OrderView {
  return orderView(row, row.payment ?? undefined, viewer);
}

/** Lists show the first line items of an order, and of each of its parcels. */
export function listedOrderView(row: ListedOrderRow, viewer: Viewer): OrderView & { itemCount: number } {
  const view = orderRowView(withItems(row), viewer);
  const shipments = view.shipments.map((shipment) => ({ ...shipment, items: shipment.items.slice(0, ITEMS_IN_LIST) }));
  return { ...view, shipments, itemCount: row.itemCount };
}
