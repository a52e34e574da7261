// Payments as the API shows them.

import { iso, isoOrNull } from "../../database/statement.ts";
import type { AttemptStatus } from "../../idempotency/two-phase.ts";
import type { PaymentRow, PaymentStep } from "./payment.sql.ts";
import { reasonsFor } from "../refund/refund.ts";
import { Refusal } from "../../refusal.ts";
import { isOpen } from "../../settlement/settle-payment.ts";

export type PaymentView = {
  paymentId: string;
  orderId: string;
  method: PaymentRow["method"];
  status: PaymentRow["status"];
  amount: number;
  paidAt: string | null;
};

export function paymentView({ id, orderId, method, status, amount, paidAt }: PaymentRow): PaymentView {
  return { paymentId: id, orderId, method, status, amount, paidAt: isoOrNull(paidAt) };
}

/** Every step of a payment with its time and reason, oldest first, as this reader may see it: an operator's reasons are for operators. */
export function paymentHistory(payment: PaymentRow, readerIsOperator: boolean): PaymentStep[] {
  const steps = payment.steps ?? [{ status: payment.status, at: iso(payment.paidAt ?? payment.createdAt), reason: null }];
  return steps.map((step) => {
    const isRefund = step.status === "REFUNDED" || step.status === "PARTIALLY_REFUNDED";
    if (!isRefund || step.reason === null) return step;
    return { ...step, reason: reasonsFor(readerIsOperator, { reason: step.reason }).reason ?? null };
  });
}

/** What a payment by card is answered with, as far as it is known: settled, declined, or still in doubt. */
export function paymentStatus(payment: PaymentRow): AttemptStatus {
  if (isOpen(payment)) return { over: false, status: 202, body: paymentView(payment) };
  if (payment.status !== "FAILED") return { over: true, status: 201, body: paymentView(payment) };
  return {
    over: true,
    refusal: new Refusal("PAYMENT_DECLINED", { orderId: payment.orderId, paymentId: payment.id, reason: payment.steps?.at(-1)?.reason ?? null }),
  };
}
