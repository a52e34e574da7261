// Reads the parts of the gateway's messages that the shop needs. A message that cannot be read has an unknown outcome, never a refusal.

import { amountFromWire, TOSS_DEFAULT_CURRENCY } from "./amounts.ts";
import { GATEWAY_STATUSES, type GatewayPayment, type GatewayStatus, type GatewayTransaction, GatewayUnknown } from "../gateway.ts";

type Fields = Record<string, unknown>;

/** Errors: GatewayUnknown. */
export function readPayment(body: unknown): GatewayPayment {
  const { paymentKey, orderId, status, totalAmount, balanceAmount, cancels, currency: named } = fields(body);
  const currency = currencyOf(named);
  return {
    paymentKey: text(paymentKey),
    orderId: text(orderId),
    status: statusOf(status),
    currency,
    amount: amount(totalAmount, currency),
    left: amount(balanceAmount, currency),
    cancels: (Array.isArray(cancels) ? cancels : []).map((cancel) => {
      const { cancelAmount, cancelReason } = fields(cancel);
      return { amount: amount(cancelAmount, currency), reason: typeof cancelReason === "string" ? cancelReason : "" };
    }),
  };
}

/** Errors: GatewayUnknown. */
export function readTransactions(body: unknown): GatewayTransaction[] {
  if (!Array.isArray(body)) return notUnderstood();
  return body.map((transaction) => {
    const { transactionKey, paymentKey, orderId, status, amount: movedAmount, transactionAt, currency: named } = fields(transaction);
    const currency = currencyOf(named);
    const at = Date.parse(text(transactionAt));
    if (Number.isNaN(at)) return notUnderstood();
    const read = statusOf(status);
    const absolute = Math.abs(amount(movedAmount, currency));
    const isRefund = read === "CANCELED" || read === "PARTIAL_CANCELED";
    return {
      transactionKey: text(transactionKey),
      paymentKey: text(paymentKey),
      orderId: text(orderId),
      status: read,
      currency,
      amount: isRefund ? -absolute : absolute,
      at,
    };
  });
}

/** The code of a failure. The gateway's message is not used: it may contain anything. */
export function codeOf(body: unknown): string {
  const code = body !== null && typeof body === "object" ? (body as Fields)["code"] : undefined;
  return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : "UNRECOGNIZED_ERROR";
}

/** Codes of temporary errors, some of which come with status 400. A refusal without a code may come from a proxy, so it is one too. */
const TEMPORARY: ReadonlySet<string> = new Set([
  "PROVIDER_ERROR",
  "CARD_PROCESSING_ERROR",
  "IDEMPOTENT_REQUEST_PROCESSING",
  "FAILED_INTERNAL_SYSTEM_PROCESSING",
  "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
  "UNKNOWN_PAYMENT_ERROR",
  "UNAUTHORIZED_KEY",
  "INVALID_API_KEY",
  "FORBIDDEN_REQUEST",
  "INCORRECT_BASIC_AUTH_FORMAT",
  "UNRECOGNIZED_ERROR",
]);

export function isTemporary(status: number, code: string): boolean {
  if (status === 200) return false;
  return status === 408 || status === 409 || status === 425 || status === 429 || TEMPORARY.has(code);
}

function fields(value: unknown): Fields {
  return value !== null && typeof value === "object" ? (value as Fields) : notUnderstood();
}

function text(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : notUnderstood();
}

/** The gateway sends amounts as numbers; its published description has strings. */
function amount(value: unknown, currency: string): number {
  return amountFromWire(value, currency) ?? notUnderstood();
}

function currencyOf(value: unknown): string {
  if (value === undefined) return TOSS_DEFAULT_CURRENCY;
  return typeof value === "string" && /^[A-Z]{3}$/.test(value) ? value : notUnderstood();
}

function statusOf(value: unknown): GatewayStatus {
  return GATEWAY_STATUSES.find((status) => status === value) ?? notUnderstood();
}

function notUnderstood(): never {
  throw new GatewayUnknown("ANSWER_NOT_UNDERSTOOD");
}
