import { users } from "../../balance/balance.sql.ts";
import { moveMoney } from "../../balance/move-money.ts";
import { refuse } from "../../refusal.ts";
import type { UnitOfWork } from "../../till/unit-of-work.ts";
import { type Order, payable } from "../order.ts";
import { reserveStock } from "../reserve-stock.ts";

/**
 * Reserves an order's stock and coupon, and takes its price from the balance, all or nothing. A price of 0 moves no money. The caller
 * stores `paidAt`. An order that holds its stock has taken it before.
 * @param held variants whose units a hold has taken
 * Errors: STOCK_INSUFFICIENT, COUPON_NOT_FOUND, COUPON_UNUSABLE, USER_NOT_FOUND, BALANCE_INSUFFICIENT.
 */
export function payFromBalance(uow: UnitOfWork, order: Order, held?: ReadonlySet<string>): void {
  if (!order.holdsStock) reserveStock(uow, order, held);
  const amount = payable(order);
  const wallet = uow.find(users, order.userId) ?? refuse("USER_NOT_FOUND", { userId: order.userId });
  if (amount > 0) moveMoney(uow, wallet, { type: "PAYMENT", amount: -amount, orderId: order.id });
}
