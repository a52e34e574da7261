import { iso } from "../../database/statement.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "../order-cache.ts";
import { changeOrder } from "../change-order.ts";
import { payable } from "../order.ts";
import { failedKeys, type PaymentRow, payments } from "./payment.sql.ts";
import { reserveStock } from "../reserve-stock.ts";
import { refuse } from "../../refusal.ts";
import type { Started } from "../../idempotency/two-phase.ts";
import { type Command, command } from "../../till/command.ts";
import { need } from "../../till/table.ts";
import { payableOrder } from "./payable-order.ts";
import { type PaymentView, paymentView } from "./payment.ts";

export type StartCardPayment = {
  orderId: string;
  /** Whose it must be; null for an operator. */
  callerId: string | null;
  paymentKey: string;
  /** What the buyer was shown to pay, in minor units; null if the client did not say. Checked before the gateway is asked. */
  expectedAmount: number | null;
  /** When the gateway is asked about it if nobody has brought it to its end by then. */
  askAfterMs: number;
  immutable?: ImmutableOrder;
};

/**
 * The first round of paying by card: takes stock and coupon, and writes the attempt down before anybody calls the gateway. The order stays
 * PENDING. An order of 0 needs no gateway and is paid.
 * Errors: as `payOrder`, but for the balance; PAYMENT_DECLINED for a key with which an attempt on this order has failed already;
 * PAYMENT_METHOD_UNAVAILABLE if the shop takes no cards.
 */
export function startCardPayment(orderCache: OrderCache, cardsAreTaken: boolean): Command<StartCardPayment, Started<PaymentView>> {
  return command<StartCardPayment, Started<PaymentView>>({
    name: "start card payment",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable }) => [...orderNeeds(orderId, immutable), need(failedKeys, orderId)],

    decide(uow, input) {
      const { orderId, paymentKey, askAfterMs } = input;
      const { order, items } = payableOrder(uow, input);
      if (!cardsAreTaken) refuse("PAYMENT_METHOD_UNAVAILABLE", { orderId, method: "CARD" });
      if (uow.find(failedKeys, orderId)?.includes(paymentKey)) refuse("PAYMENT_DECLINED", { orderId, reason: "PAYMENT_KEY_USED" });
      reserveStock(uow, order, items);

      const made = { id: uow.newId(), orderId, method: "CARD" as const, amount: payable(order), createdAt: uow.now };
      if (made.amount === 0) {
        const payment: PaymentRow = { ...made, status: "COMPLETED", steps: null, paidAt: uow.now, card: null };
        uow.put(payments, orderId, payment);
        changeOrder(uow, order, "order.completed", { status: "COMPLETED", completedAt: uow.now });
        return { kind: "answer", answer: paymentView(payment) };
      }
      const card = { paymentKey, askAt: uow.now + askAfterMs, asked: 0 };
      uow.put(payments, orderId, {
        ...made,
        status: "PENDING",
        steps: [{ status: "PENDING", at: iso(uow.now), reason: null }],
        paidAt: null,
        card,
      });
      return { kind: "attempt", id: made.id };
    },
  });
}
