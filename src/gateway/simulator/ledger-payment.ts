// A payment in the simulated gateway's ledger, and the answers to requests about it.

import type { GatewayMethod } from "../../payment-settings.ts";
import type { GatewayStatus } from "../gateway.ts";

export type Cancel = { amount: number; taxFree?: number; reason: string; at: number; transactionKey: string; leftAfter: number };
/** `left`: the captured amount that has not gone back; 0 before the capture. */
export type LedgerPayment = {
  paymentKey: string;
  orderId: string;
  amount: number;
  left: number;
  status: GatewayStatus;
  requestedAt: number;
  approvedAt: number | null;
  transactionKey: string | null;
  cancels: Cancel[];
  /** Set for a payment whose window was opened here. A key that was made without a window is good for any order and amount. */
  session?: PaymentSession;
  /** The account of a deposit, once the payment was confirmed. */
  account?: { number: string; dueAt: number };
};
/**
 * `taxFree`: the part of the amount that is exempt from value-added tax. Absent is 0. `validHours`: how long a virtual account waits for its
 * deposit. Absent is a week.
 */
export type PaymentSession = { orderName: string; way: GatewayMethod; taxFree?: number; validHours?: number | undefined };
export type Outcome = { status: number; payment: LedgerPayment } | { status: number; code: string; message: string };

/** Why a known payment cannot be confirmed for this order and amount; undefined if it can. */
export function refusalOf({ status, session, ...known }: LedgerPayment, orderId: string, amount: number): Outcome | undefined {
  if (status === "EXPIRED") return failure(404, "NOT_FOUND_PAYMENT_SESSION", "결제 시간이 만료되어 결제 진행 데이터가 존재하지 않습니다.");
  if (status !== "IN_PROGRESS" && (status !== "ABORTED" || session)) return failure(400, "ALREADY_PROCESSED_PAYMENT", "이미 처리된 결제 입니다.");
  if (session && (known.orderId !== orderId || known.amount !== amount))
    return failure(400, "INVALID_REQUEST", "결제창의 주문번호나 금액과 다릅니다.");
  return undefined;
}

/** The tax-free part of the rest of a payment. */
export function taxFreeLeft({ session, cancels }: LedgerPayment): number {
  return cancels.reduce((left, { taxFree = 0 }) => left - taxFree, session?.taxFree ?? 0);
}

export function failure(status: number, code: string, message: string): Outcome {
  return { status, code, message };
}
