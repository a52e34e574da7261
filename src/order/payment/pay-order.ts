import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "../order-cache.ts";
import { changeOrder } from "../change-order.ts";
import { payFromBalance } from "./pay-from-balance.ts";
import { type Command, command } from "../../till/command.ts";
import { payableOrder } from "./payable-order.ts";
import { type PaymentView, paymentView } from "./payment.ts";

export type PayOrder = {
  orderId: string;
  /** Whose it must be; null for an operator. */ callerId: string | null;
  /** What the buyer was shown to pay, in minor units; null if the client did not say. */
  expectedAmount: number | null;
  immutable?: ImmutableOrder;
};

/**
 * Pays an order from its owner's balance: stock, coupon and money are taken now, under the same rules as when it was placed.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_PAYABLE (also once its time is up), PAYMENT_IN_PROGRESS, AMOUNT_CHANGED, PRODUCT_NOT_FOR_SALE,
 * STOCK_INSUFFICIENT, COUPON_UNUSABLE, BALANCE_INSUFFICIENT.
 */
export function payOrder(orderCache: OrderCache): Command<PayOrder, PaymentView> {
  return command<PayOrder, PaymentView>({
    name: "pay order",
    prepare: (input) => withImmutableOrder(orderCache, input),
    needs: ({ orderId, immutable }) => orderNeeds(orderId, immutable),

    decide(uow, input) {
      const { order, items } = payableOrder(uow, input);
      const payment = payFromBalance(uow, order, items);
      changeOrder(uow, order, "order.completed", { status: "COMPLETED", completedAt: uow.now });
      return paymentView(payment);
    },
  });
}
