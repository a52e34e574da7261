import { changeOrder, isPayable, itemsOf } from "../order/order.ts";
import { type OrderFact, type OrderFacts, wholeOrder } from "../order/facts.ts";
import { payFromBalance } from "../order/pay-from-balance.ts";
import { payments } from "../order/payment.sql.ts";
import { ownOrder } from "../order/undo-order.ts";
import { forSale } from "../catalog/catalog.ts";
import { refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { type PaymentView, paymentView } from "./payment.ts";

export type PayOrder = { orderId: string; /** Whose it must be; null for an operator. */ callerId: string | null; balanceMax: number; fact?: OrderFact };

/**
 * Pays an order from its owner's balance: stock, coupon and money are taken now, under the same rules as when it was placed.
 * Errors: ORDER_NOT_FOUND, ORDER_NOT_PAYABLE (also once its time is up), PAYMENT_IN_PROGRESS, PRODUCT_NOT_FOR_SALE,
 * STOCK_INSUFFICIENT, COUPON_UNUSABLE, BALANCE_INSUFFICIENT.
 */
export function payOrder(facts: OrderFacts): Command<PayOrder, PaymentView> {
  return command<PayOrder, PaymentView>({
    name: "pay order",
    async prepare(input) {
      const fact = await facts.of(input.orderId);
      return fact ? { ...input, fact } : input;
    },
    needs: ({ orderId, fact }) => wholeOrder(orderId, fact),

    decide(shop, { orderId, callerId, balanceMax }) {
      const order = ownOrder(shop, orderId, callerId);
      if (!isPayable(order, shop.now)) refuse("ORDER_NOT_PAYABLE", { orderId, orderStatus: order.status });
      if (shop.find(payments, orderId)) refuse("PAYMENT_IN_PROGRESS", { orderId });
      const items = itemsOf(shop, orderId);
      for (const { productId, variantId } of items) forSale(shop, productId, variantId);

      const payment = payFromBalance(shop, order, items, balanceMax);
      changeOrder(shop, order, "order.completed", { status: "COMPLETED", completedAt: shop.now });
      return paymentView(payment);
    },
  });
}
