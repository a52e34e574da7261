import { type OrderFact, type OrderFacts, wholeOrder, withFact } from "../order/facts.ts";
import { changeOrder, checkExpectedAmount } from "../order/order.ts";
import { payFromBalance } from "../order/pay-from-balance.ts";
import { type Command, command } from "../till/command.ts";
import { payableOrder } from "./payable-order.ts";
import { type PaymentView, paymentView } from "./payment.ts";

export type PayOrder = {
  orderId: string;
  /** Whose it must be; null for an operator. */ callerId: string | null;
  balanceMax: number;
  /** The amount to pay that the buyer was shown. */
  expectedAmount?: number | undefined;
  fact?: OrderFact;
};

/**
 * Pays an order from its owner's balance: stock, coupon and money are taken now, under the same rules as when it was placed.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_PAYABLE (also once its time is up), PAYMENT_IN_PROGRESS, PRODUCT_NOT_FOR_SALE,
 * STOCK_INSUFFICIENT, COUPON_UNUSABLE, BALANCE_INSUFFICIENT.
 */
export function payOrder(facts: OrderFacts): Command<PayOrder, PaymentView> {
  return command<PayOrder, PaymentView>({
    name: "pay order",
    prepare: (input) => withFact(facts, input),
    needs: ({ orderId, fact }) => wholeOrder(orderId, fact),

    decide(shop, { orderId, callerId, balanceMax, expectedAmount }) {
      const { order, items } = payableOrder(shop, orderId, callerId);
      checkExpectedAmount(order, expectedAmount);
      const payment = payFromBalance(shop, order, items, balanceMax);
      changeOrder(shop, order, "order.completed", { status: "COMPLETED", completedAt: shop.now });
      return paymentView(payment);
    },
  });
}
