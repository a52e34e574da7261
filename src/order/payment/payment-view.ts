// Payments as the API shows them.

import { isoOrNull } from "../../database/statement.ts";
import type { GatewayDetails } from "../../gateway/gateway.ts";
import type { AttemptStatus } from "../../idempotency/two-phase.ts";
import { Refusal } from "../../refusal.ts";
import { reasonsFor } from "../refund/refund.ts";
import { isOpen, type PaymentRow, type PaymentStep, stepsOf } from "./payment.ts";

export type PaymentView = {
  paymentId: string;
  orderId: string;
  method: PaymentRow["method"];
  status: PaymentRow["status"];
  amount: number;
  paidAt: string | null;
  details?: Omit<GatewayDetails, "deposit">;
  deposit?: GatewayDetails["deposit"];
};

/** The gateway's details, and the account of a deposit while the shop waits for it. */
export function paymentView({ id, orderId, method, status, amount, paidAt, card }: PaymentRow): PaymentView {
  const { deposit, ...details } = card?.details ?? {};
  return {
    paymentId: id,
    orderId,
    method,
    status,
    amount,
    paidAt: isoOrNull(paidAt),
    ...(card?.details ? { details: details as Omit<GatewayDetails, "deposit"> } : {}),
    ...(deposit && status === "WAITING_FOR_DEPOSIT" ? { deposit } : {}),
  };
}

/** The steps of a payment, oldest first. An operator's reasons are shown to operators only. */
export function paymentHistory(payment: PaymentRow, readerIsOperator: boolean): PaymentStep[] {
  return stepsOf(payment).map((step) => {
    const isRefund = step.status === "REFUNDED" || step.status === "PARTIALLY_REFUNDED";
    if (!isRefund || step.reason === null) return step;
    return { ...step, reason: reasonsFor(readerIsOperator, { reason: step.reason }).reason ?? null };
  });
}

/** The answer to a payment by card: 201 settled, PAYMENT_DECLINED, or 202 while the outcome is not known. */
export function paymentStatus(payment: PaymentRow): AttemptStatus {
  if (isOpen(payment)) return { over: false, status: 202, body: paymentView(payment) };
  if (payment.status !== "FAILED") return { over: true, status: 201, body: paymentView(payment) };
  const reason = payment.steps?.at(-1)?.reason ?? null;
  return { over: true, refusal: new Refusal("PAYMENT_DECLINED", { orderId: payment.orderId, paymentId: payment.id, reason }) };
}
