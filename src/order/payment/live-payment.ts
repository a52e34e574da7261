import { NeedsChanged, type UnitOfWork } from "../../till/unit-of-work.ts";
import type { PaymentRow } from "./payment.ts";
import { payments } from "./payment.sql.ts";

/**
 * The settled or open payment of an order, or undefined. An attempt that failed in this round keeps its place until the round is
 * written; a command that meets it is decided again in the next round.
 */
export function livePayment(uow: UnitOfWork, orderId: string): PaymentRow | undefined {
  const payment = uow.find(payments, orderId);
  if (payment?.status === "FAILED") throw new NeedsChanged();
  return payment;
}
