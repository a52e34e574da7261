// Reads the parts of the gateway's messages that the shop needs. A message that cannot be read has an unknown outcome, never a refusal.
// The gateway sends amounts as numbers; its published description has strings.

import { amountFromWire, TOSS_DEFAULT_CURRENCY } from "./amounts.ts";
import { readDetails } from "./details.ts";
import {
  GATEWAY_STATUSES,
  type GatewayDetails,
  type GatewayPayment,
  type GatewayStatus,
  type GatewayTransaction,
  GatewayUnknown,
} from "../gateway.ts";

type Fields = Record<string, unknown>;

/** Errors: GatewayUnknown. */
export function readPayment(body: unknown): GatewayPayment {
  const { paymentKey, orderId, status, totalAmount, balanceAmount, cancels, currency: named } = fields(body);
  const currency = currencyOf(named);
  const [total, left] = [amountFromWire(totalAmount, currency), amountFromWire(balanceAmount, currency)];
  const sent = (Array.isArray(cancels) ? cancels : []).map((cancel) => {
    const { cancelAmount, cancelReason } = fields(cancel);
    return { amount: amountFromWire(cancelAmount, currency), reason: typeof cancelReason === "string" ? cancelReason : "" };
  });
  const isReadable = [total, left, ...sent.map((cancel) => cancel.amount)].every((amount) => amount !== undefined);
  const known = statusOf(status);
  return {
    paymentKey: text(paymentKey),
    orderId: text(orderId),
    // Without captured money the amounts do not matter.
    status: isReadable || !CAPTURED.has(known) ? known : "UNRECOGNIZED",
    currency,
    amount: total ?? 0,
    left: left ?? 0,
    cancels: sent.map((cancel) => ({ amount: cancel.amount ?? 0, reason: cancel.reason })),
    details: withTaxFree(readDetails(fields(body)), fields(body), currency),
  };
}

/** The gateway names the tax-free part of the amount that is left, and of each cancel. */
function withTaxFree(details: GatewayDetails | null, { taxFreeAmount: left, cancels }: Fields, currency: string): GatewayDetails | null {
  const parts = [left, ...(Array.isArray(cancels) ? cancels : []).map((cancel) => fields(cancel)["taxFreeAmount"])];
  const taxFreeAmount = parts.reduce((sum: number, amount) => sum + (amountFromWire(amount, currency) ?? 0), 0);
  return details && taxFreeAmount > 0 ? { ...details, taxFreeAmount } : details;
}

/** Statuses in which the gateway has captured money. */
const CAPTURED: ReadonlySet<GatewayStatus> = new Set(["DONE", "PARTIAL_CANCELED", "CANCELED"]);

/**
 * A movement in the ledger that cannot be read has the status UNRECOGNIZED, and the amount 0, so that it does not hide the others.
 * Errors: GatewayUnknown if the body is no list.
 */
export function readTransactions(body: unknown): GatewayTransaction[] {
  if (!Array.isArray(body)) return notUnderstood();
  return body.map(readTransaction);
}

function readTransaction(transaction: unknown): GatewayTransaction {
  const { transactionKey, paymentKey, orderId, status, amount, transactionAt, currency: named } = (transaction ?? {}) as Fields;
  const currency = named === undefined ? TOSS_DEFAULT_CURRENCY : String(named);
  const moved = amountFromWire(amount, currency);
  const known = statusOf(status);
  const at = typeof transactionAt === "string" ? Date.parse(transactionAt) : Number.NaN;
  const absolute = Math.abs(moved ?? 0);
  return {
    transactionKey: typeof transactionKey === "string" ? transactionKey : "",
    paymentKey: typeof paymentKey === "string" ? paymentKey : "",
    orderId: typeof orderId === "string" ? orderId : "",
    status: moved === undefined || Number.isNaN(at) ? "UNRECOGNIZED" : known,
    currency,
    amount: known === "CANCELED" || known === "PARTIAL_CANCELED" ? -absolute : absolute,
    at,
  };
}

/** The code of a failure. The gateway's message is not used: it may contain anything. */
export function codeOf(body: unknown): string {
  const code = body !== null && typeof body === "object" ? (body as Fields)["code"] : undefined;
  return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : NO_CODE;
}

/** The code of a response without a code: a proxy's or a firewall's, not the gateway's. */
const NO_CODE = "UNRECOGNIZED_ERROR";

/** Codes of temporary errors, some of which come with status 400. */
const TEMPORARY: ReadonlySet<string> = new Set([
  "PROVIDER_ERROR",
  "FORBIDDEN_CONSECUTIVE_REQUEST",
  "CARD_PROCESSING_ERROR",
  "IDEMPOTENT_REQUEST_PROCESSING",
  "FAILED_INTERNAL_SYSTEM_PROCESSING",
  "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
  "UNKNOWN_PAYMENT_ERROR",
  "UNAUTHORIZED_KEY",
  "INVALID_API_KEY",
  "FORBIDDEN_REQUEST",
  "INCORRECT_BASIC_AUTH_FORMAT",
  NO_CODE,
]);
/** Temporary for a refund only: a buyer pays with another bank instead of waiting for this one. */
const TEMPORARY_FOR_REFUNDS: ReadonlySet<string> = new Set([
  "NOT_AVAILABLE_BANK",
  "NOT_AVAILABLE_PAYMENT",
  "FAILED_REFUND_PROCESS",
  "FAILED_METHOD_HANDLING_CANCEL",
]);
const TEMPORARY_STATUSES: ReadonlySet<number> = new Set([401, 408, 409, 425, 429]);

/** The error that a reply means if it says nothing final; undefined for a final one. */
export function temporaryError(status: number, body: unknown, kind: "read" | "confirm" | "cancel"): GatewayUnknown | undefined {
  if (status === 200) return undefined;
  const code = codeOf(body);
  // A rejected secret says nothing about the payment. Once the operator has fixed the setting, settlement asks again.
  const gatewayFailed = status >= 500 || status === 401;
  // A request that still runs under this key has no answer yet, so the same key is right. Reading has no key.
  const answered = code !== NO_CODE && code !== "IDEMPOTENT_REQUEST_PROCESSING" && !(kind === "read" && gatewayFailed);
  const isTemporary =
    gatewayFailed || TEMPORARY_STATUSES.has(status) || TEMPORARY.has(code) || (kind === "cancel" && TEMPORARY_FOR_REFUNDS.has(code));
  if (!isTemporary) return undefined;
  return new GatewayUnknown(gatewayFailed ? `HTTP_${status}` : code, { gatewayFailed, answered });
}

function fields(value: unknown): Fields {
  return value !== null && typeof value === "object" ? (value as Fields) : notUnderstood();
}

function text(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : notUnderstood();
}

function currencyOf(value: unknown): string {
  if (value === undefined) return TOSS_DEFAULT_CURRENCY;
  return typeof value === "string" && /^[A-Z]{3}$/.test(value) ? value : notUnderstood();
}

function statusOf(value: unknown): GatewayStatus {
  return GATEWAY_STATUSES.find((status) => status === value) ?? "UNRECOGNIZED";
}

function notUnderstood(): never {
  throw new GatewayUnknown("ANSWER_NOT_UNDERSTOOD", { answered: true });
}
