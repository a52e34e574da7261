import { members } from "../balance/balance.sql.ts";
import { getMember } from "../balance/customer.ts";
import type { ReceiveAccount } from "../gateway/gateway.ts";
import { changeOrder } from "../order/change-order.ts";
import { fulfilmentAfterRefund } from "../order/fulfilment.ts";
import { getOrder } from "../order/get-order.ts";
import type { Order } from "../order/order.ts";
import { orders } from "../order/order.sql.ts";
import { livePayment } from "../order/payment/live-payment.ts";
import { isDeposit } from "../order/payment/payment.ts";
import { payments } from "../order/payment/payment.sql.ts";
import { unitsOf } from "../order/refund/refund.ts";
import { refunds } from "../order/refund/refund.sql.ts";
import { invalid, refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { itemsOf, type ReturnRow, type ReturnView, returnView } from "./return.ts";
import { returns } from "./return.sql.ts";
import { choosePieces, type Piece, returnablePieces, unitsOfPieces } from "./returnable.ts";

/** Most returns of an order. Each decision about one reads all of them, and a buyer can withdraw and request without end. */
const RETURNS_MAX = 200;

export type RequestReturn = {
  orderId: string;
  /** The user that must own the order; null for an operator. */
  callerId: string | null;
  /** Null for all units that can be returned. */
  items: { variantId: string; quantity: number }[] | null;
  reason: string;
  returnWithinMs: number;
  /** The buyer's account, which is kept only for an order that was paid by a deposit. */
  receiveAccount?: ReceiveAccount | null | undefined;
};

/**
 * Requests the return of shipped units, within the window of the parcels that carried them.
 * Errors: USER_NOT_FOUND, ORDER_NOT_FOUND, ORDER_NOT_RETURNABLE, INVALID_REQUEST for a variant that was not bought.
 */
export const requestReturn = command<RequestReturn, ReturnView>({
  name: "request return",
  needs: ({ orderId, callerId }) => [
    need(orders, orderId),
    need(payments, orderId),
    need(refunds, orderId),
    need(returns, orderId),
    ...(callerId === null ? [] : [need(members, callerId)]),
  ],

  decide(uow, { orderId, callerId, items, reason, returnWithinMs, receiveAccount = null }) {
    const order = getOrder(uow, orderId, callerId);
    if (callerId !== null) getMember(uow, callerId);
    for (const [i, item] of (items ?? []).entries())
      if (!order.items.some(({ variantId }) => variantId === item.variantId)) invalid(`/items/${i}/variantId`, "was not bought with this order");
    if ((uow.find(returns, orderId)?.length ?? 0) >= RETURNS_MAX)
      refuse("ORDER_NOT_RETURNABLE", { orderId, orderStatus: order.status, limit: RETURNS_MAX });
    const returnable = returnablePiecesOf(uow, order, returnWithinMs);
    const units = items ? unitsOf(items) : unitsOfPieces(returnable);
    const pieces = choosePieces(returnable, units);
    if (!pieces || pieces.length === 0) {
      const available = [...unitsOfPieces(returnable)].map(([variantId, quantity]) => ({ variantId, quantity }));
      refuse("ORDER_NOT_RETURNABLE", { orderId, orderStatus: order.status, returnable: available });
    }

    // Below this line the return is requested.
    const payment = livePayment(uow, orderId);
    const row: ReturnRow = {
      id: uow.newId(),
      orderId,
      status: "REQUESTED",
      pieces,
      reason,
      rejection: null,
      customerRejection: null,
      restock: null,
      createdAt: uow.now,
      settledAt: null,
      receiveAccount: payment && isDeposit(payment) ? receiveAccount : null,
    };
    uow.put(returns, orderId, [...(uow.find(returns, orderId) ?? []), row]);
    changeOrder(uow, order, "return.requested", {}, { returnId: row.id, items: itemsOf(row) });
    return returnView(row, { isOperator: callerId === null });
  },
});

function returnablePiecesOf(uow: UnitOfWork, order: Order, returnWithinMs: number): Piece[] {
  const { status } = order;
  if (order.fulfilment === null || (status !== "COMPLETED" && status !== "PARTIALLY_REFUNDED")) return [];
  const refund = uow.find(refunds, order.id);
  // Units of a refund that is in progress at the gateway count as refunded.
  const refunding = refund?.status === "PENDING" && refund.returnId === null;
  const fulfilment = refunding ? fulfilmentAfterRefund(order, new Map(refund.units), { returned: false, restock: true }) : order.fulfilment;
  const counted = (uow.find(returns, order.id) ?? []).flatMap((row) =>
    row.status === "REQUESTED" || row.status === "RECEIVED" ? [{ open: row.status === "REQUESTED", pieces: row.pieces }] : [],
  );
  return fulfilment === null ? [] : returnablePieces(fulfilment, counted, { now: uow.now, returnWithinMs });
}
