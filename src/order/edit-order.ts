import { users } from "../balance/balance.sql.ts";
import { getWallet } from "../balance/customer.ts";
import { type Metadata, type MetadataPatch, mergedMetadata } from "../http/metadata.ts";
import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { getOrder } from "./get-order.ts";
import { orderView, type OrderView, type Viewer } from "./order-view.ts";
import type { Order, ShippingAddress } from "./order.ts";
import { orders } from "./order.sql.ts";
import { livePayment } from "./payment/live-payment.ts";
import { payments } from "./payment/payment.sql.ts";

export type EditOrder = {
  orderId: string;
  /** The user that must own the order; null for an operator. */
  callerId: string | null;
  /** Members that are left out stay as they are; null clears. */
  shippingAddress?: ShippingAddress | null | undefined;
  note?: string | null | undefined;
  /** Merged by key; null removes a key. */
  metadata?: MetadataPatch | undefined;
  viewer: Viewer;
};

/**
 * Changes the address, note and metadata of an order: its buyer until the goods are being prepared,
 * an operator until they are shipped, metadata always. The next event of the order shows them.
 * Errors: USER_NOT_FOUND, ORDER_NOT_FOUND, ORDER_NOT_SHIPPABLE, INVALID_REQUEST for too many keys of metadata.
 */
export const editOrder = command<EditOrder, OrderView>({
  name: "edit order",
  // Erasing locks the user, too: no edit of the buyer remains from the time beside it.
  needs: ({ orderId, callerId }) => [need(orders, orderId), need(payments, orderId), ...(callerId === null ? [] : [need(users, callerId)])],

  decide(uow, input) {
    const { orderId, callerId, shippingAddress, note, metadata, viewer } = input;
    const order = getOrder(uow, orderId, callerId);
    if (callerId !== null) getWallet(uow, callerId);
    if (callerId === null ? isShippedWhole(order) && (shippingAddress !== undefined || note !== undefined) : order.fulfilmentStatus !== null)
      refuse("ORDER_NOT_SHIPPABLE", { orderId, orderStatus: order.status, fulfilmentStatus: order.fulfilmentStatus });
    const changed: Order = {
      ...order,
      ...(shippingAddress === undefined ? {} : { shippingAddress }),
      ...(note === undefined ? {} : { note }),
      ...(metadata === undefined ? {} : { metadata: orNull(mergedMetadata(order.metadata, metadata)) }),
    };
    uow.put(orders, orderId, changed);
    return orderView(changed, livePayment(uow, orderId), viewer);
  },
});

function isShippedWhole({ fulfilmentStatus }: Order): boolean {
  return fulfilmentStatus === "SHIPPED" || fulfilmentStatus === "DELIVERED";
}

/** Orders without metadata store none. */
function orNull(metadata: Metadata): Metadata | null {
  return Object.keys(metadata).length === 0 ? null : metadata;
}
