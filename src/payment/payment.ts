// Payments as the API shows them.

import { iso, isoOrNull } from "../database/statement.ts";
import type { PaymentRow, PaymentStep } from "../order/payment.sql.ts";

export type PaymentView = { paymentId: string; orderId: string; method: PaymentRow["method"]; status: PaymentRow["status"]; amount: number; paidAt: string | null };

export function paymentView({ id, orderId, method, status, amount, paidAt }: PaymentRow): PaymentView {
  return { paymentId: id, orderId, method, status, amount, paidAt: isoOrNull(paidAt) };
}

/** Every step of a payment with its time and reason, oldest first. */
export function paymentHistory(payment: PaymentRow): PaymentStep[] {
  return payment.steps ?? [{ status: payment.status, at: iso(payment.paidAt ?? payment.createdAt), reason: null }];
}
