import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "../order-cache.ts";
import { changeOrder } from "../change-order.ts";
import { balancePayment, type PaymentRow } from "./payment.ts";
import { payFromBalance } from "./pay-from-balance.ts";
import { markBought } from "../../drop/sell-in-drop.ts";
import { type Command, command } from "../../till/command.ts";
import { payableOrder } from "./payable-order.ts";
import { type PaymentView, paymentView } from "./payment-view.ts";

export type PayOrder = {
  orderId: string;
  /** The order must be this user's; null for an operator. */
  callerId: string | null;
  /** The price that the buyer was shown, in minor units; null if the client has no expectation. */
  expectedAmount: number | null;
  /** For whom limits of drops count, if the order is the caller's own; else its owner. */
  person?: string;
  immutable?: ImmutableOrder;
};

/**
 * Pays an order from its owner's balance. Stock, coupon and money are taken now, by the rules that hold when an order is placed.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_PAYABLE (also after it has expired), PAYMENT_IN_PROGRESS, AMOUNT_CHANGED, PRODUCT_NOT_FOR_SALE,
 * STOCK_INSUFFICIENT, COUPON_UNUSABLE, BALANCE_INSUFFICIENT.
 */
export function payOrder(orderCache: OrderCache): Command<PayOrder, PaymentView> {
  return command<PayOrder, PaymentView>({
    name: "pay order",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable, person }) => orderNeeds(orderId, immutable, person),

    decide(uow, input) {
      const order = payableOrder(uow, input);
      payFromBalance(uow, order);
      const paid = { status: "COMPLETED" as const, completedAt: uow.now, paidAt: uow.now, paymentId: uow.newId(), holdsStock: false };
      markBought(uow, order.id);
      return paymentView(balancePayment(changeOrder(uow, order, "order.completed", paid)) as PaymentRow);
    },
  });
}
