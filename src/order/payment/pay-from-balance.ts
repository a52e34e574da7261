import { users } from "../../balance/balance.sql.ts";
import { moveMoney } from "../../balance/move-money.ts";
import { refuse } from "../../refusal.ts";
import type { UnitOfWork } from "../../till/unit-of-work.ts";
import { type Order, type OrderItem, payable } from "../order.ts";
import { reserveStock } from "../reserve-stock.ts";
import type { PaymentRow } from "./payment.ts";
import { payments } from "./payment.sql.ts";

/**
 * Reserves an order's stock and coupon, takes its price from the balance and writes its payment, all or nothing. A price of 0 moves no money.
 * Errors: STOCK_INSUFFICIENT, COUPON_NOT_FOUND, COUPON_UNUSABLE, USER_NOT_FOUND, BALANCE_INSUFFICIENT.
 */
export function payFromBalance(uow: UnitOfWork, order: Order, items: OrderItem[]): PaymentRow {
  reserveStock(uow, order, items);
  const amount = payable(order);
  const wallet = uow.find(users, order.userId) ?? refuse("USER_NOT_FOUND", { userId: order.userId });
  if (amount > 0) moveMoney(uow, wallet, { type: "PAYMENT", amount: -amount, orderId: order.id });

  const payment: PaymentRow = {
    id: uow.newId(),
    orderId: order.id,
    method: "BALANCE",
    status: "COMPLETED",
    amount,
    steps: null,
    createdAt: uow.now,
    paidAt: uow.now,
    card: null,
  };
  uow.put(payments, order.id, payment);
  return payment;
}
