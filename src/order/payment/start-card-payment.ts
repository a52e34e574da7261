import { iso } from "../../database/statement.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "../order-cache.ts";
import { changeOrder } from "../change-order.ts";
import { payable } from "../order.ts";
import { reserveStock } from "../reserve-stock.ts";
import { refuse } from "../../refusal.ts";
import type { Started } from "../../idempotency/two-phase.ts";
import { markBought } from "../../drop/sell-in-drop.ts";
import { type Command, command } from "../../till/command.ts";
import { need } from "../../till/table.ts";
import { payableOrder } from "./payable-order.ts";
import type { PaymentRow } from "./payment.ts";
import { failedKeys, payments } from "./payment.sql.ts";
import { type PaymentView, paymentView } from "./payment-view.ts";

export type StartCardPayment = {
  orderId: string;
  /** The order must be this user's; null for an operator. */
  callerId: string | null;
  paymentKey: string;
  /** The order id under which the buyer's payment window was opened. */
  gatewayOrderId: string;
  /** The price that the buyer was shown, in minor units; null if the client has no expectation. Checked before the gateway is asked. */
  expectedAmount: number | null;
  /** When settlement asks the gateway, in ms from now, if the payment is still open then. */
  askAfterMs: number;
  /** For whom limits of drops count, if the order is the caller's own; else its owner. */
  person?: string;
  immutable?: ImmutableOrder;
};

/**
 * First phase of paying by card: reserves stock and coupon, and stores the attempt before the gateway is called. The order stays
 * PENDING. An order with a price of 0 is paid at once.
 * Errors: those of `payOrder` except the balance's; PAYMENT_DECLINED if an attempt with this key has failed for this order;
 * PAYMENT_METHOD_UNAVAILABLE if the shop takes no cards.
 */
export function startCardPayment(orderCache: OrderCache, cardsAreTaken: boolean): Command<StartCardPayment, Started<PaymentView>> {
  return command<StartCardPayment, Started<PaymentView>>({
    name: "start card payment",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable, person }) => [...orderNeeds(orderId, immutable, person), need(failedKeys, orderId)],

    decide(uow, input) {
      const { orderId, paymentKey, gatewayOrderId, askAfterMs } = input;
      const order = payableOrder(uow, input);
      if (!cardsAreTaken) refuse("PAYMENT_METHOD_UNAVAILABLE", { orderId, method: "CARD" });
      if (uow.find(failedKeys, orderId)?.includes(paymentKey)) refuse("PAYMENT_DECLINED", { orderId, reason: "PAYMENT_KEY_USED" });
      if (!order.holdsStock) reserveStock(uow, order);

      const started = { id: uow.newId(), orderId, method: "CARD" as const, amount: payable(order), createdAt: uow.now };
      if (started.amount === 0) {
        const payment: PaymentRow = { ...started, status: "COMPLETED", steps: null, paidAt: uow.now, card: null };
        uow.put(payments, orderId, payment);
        changeOrder(uow, order, "order.completed", { status: "COMPLETED", completedAt: uow.now, holdsStock: false });
        markBought(uow, orderId);
        return { kind: "answer", answer: paymentView(payment) };
      }
      const card = { paymentKey, gatewayOrderId, askAt: uow.now + askAfterMs, asked: 0, keyNumber: 0, details: null };
      uow.put(payments, orderId, {
        ...started,
        status: "PENDING",
        steps: [{ status: "PENDING", at: iso(uow.now), reason: null }],
        paidAt: null,
        card,
      });
      return { kind: "attempt", id: started.id };
    },
  });
}
