// A payment as the gateway sends it. Amounts are strings, as in its published description; the adapter reads numbers too.

import { amountToWire } from "../toss/amounts.ts";
import type { LedgerTransaction } from "./ledger.ts";
import { type LedgerPayment, taxFreeLeft } from "./ledger-payment.ts";

const METHODS = { CARD: "카드", EASY_PAY: "간편결제", TRANSFER: "계좌이체", VIRTUAL_ACCOUNT: "가상계좌" };
const MERCHANT = "jangnal";
const KST_MS = 9 * 3_600_000;

/** RFC 3339 with the offset +09:00. */
export function seoulTime(at: number): string {
  return `${new Date(at + KST_MS).toISOString().slice(0, -1)}+09:00`;
}

export function paymentJson(payment: LedgerPayment, currency: string): Record<string, unknown> {
  const { paymentKey, orderId, amount, left, status, requestedAt, approvedAt, transactionKey, cancels, session, account } = payment;
  const wire = (minor: number): number => amountToWire(minor, currency);
  const taxFree = taxFreeLeft(payment);
  const vat = Math.round(Math.max(0, left - taxFree) / 11);
  return {
    version: "2022-11-16",
    paymentKey,
    type: "NORMAL",
    orderId,
    orderName: "장날",
    mId: MERCHANT,
    currency,
    method: METHODS[session?.way ?? "CARD"],
    totalAmount: String(wire(amount)),
    balanceAmount: String(wire(left)),
    status,
    requestedAt: seoulTime(requestedAt),
    approvedAt: account && approvedAt === null ? null : seoulTime(approvedAt ?? requestedAt),
    useEscrow: false,
    ...(transactionKey === null ? {} : { lastTransactionKey: cancels.at(-1)?.transactionKey ?? transactionKey }),
    suppliedAmount: wire(Math.max(0, left - taxFree - vat)),
    vat: wire(vat),
    cultureExpense: false,
    taxFreeAmount: wire(taxFree),
    taxExemptionAmount: 0,
    ...(cancels.length === 0
      ? {}
      : {
          cancels: cancels.map((cancel) => ({
            cancelAmount: wire(cancel.amount),
            cancelReason: cancel.reason,
            taxFreeAmount: wire(cancel.taxFree ?? 0),
            taxExemptionAmount: 0,
            refundableAmount: wire(cancel.leftAfter),
            easyPayDiscountAmount: 0,
            canceledAt: seoulTime(cancel.at),
            transactionKey: cancel.transactionKey,
          })),
        }),
    isPartialCancelable: true,
    ...wayJson(payment, wire(amount)),
    country: "KR",
    receipt: { url: "https://example.com/receipt" },
  };
}

/** The object that describes how the buyer pays. */
function wayJson({ session, account }: LedgerPayment, amount: number): Record<string, unknown> {
  if (account)
    return {
      virtualAccount: {
        accountNumber: account.number,
        accountType: "일반",
        bankCode: "20",
        customerName: "홍길동",
        dueDate: seoulTime(account.dueAt).slice(0, 19),
        expired: false,
        settlementStatus: "INCOMPLETED",
        refundStatus: "NONE",
      },
    };
  if (session?.way === "TRANSFER") return { transfer: { bankCode: "88", settlementStatus: "INCOMPLETED" } };
  const card = {
    amount,
    issuerCode: "61",
    acquirerCode: "31",
    number: "43301234****123*",
    installmentPlanMonths: 0,
    approveNo: "00000000",
    useCardPoint: false,
    cardType: "신용",
    ownerType: "개인",
    acquireStatus: "READY",
    isInterestFree: false,
  };
  return session?.way === "EASY_PAY" ? { card, easyPay: { provider: "토스페이", amount: 0, discountAmount: 0 } } : { card };
}

export function transactionJson(
  { transactionKey, paymentKey, orderId, status, amount, at }: LedgerTransaction,
  currency: string,
): Record<string, unknown> {
  return {
    mId: MERCHANT,
    transactionKey,
    paymentKey,
    orderId,
    method: "카드",
    customerKey: "anonymous",
    useEscrow: false,
    receiptUrl: "https://example.com/receipt",
    status,
    transactionAt: seoulTime(at),
    currency,
    amount: amountToWire(amount, currency),
  };
}
