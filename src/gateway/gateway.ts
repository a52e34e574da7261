// The port to the payment gateway. Nothing here is called inside a transaction.

import type { GatewayMethod } from "../payment-settings.ts";

/** The statuses of a payment in the Toss Payments core API. */
export const GATEWAY_STATUSES = [
  "READY",
  "IN_PROGRESS",
  "WAITING_FOR_DEPOSIT",
  "DONE",
  "CANCELED",
  "PARTIAL_CANCELED",
  "ABORTED",
  "EXPIRED",
] as const;
/** UNRECOGNIZED: a status, or an amount of captured money, that the shop cannot read. A person has to look at the payment. */
export type GatewayStatus = (typeof GATEWAY_STATUSES)[number] | "UNRECOGNIZED";

/** A payment in words for people: no card number, no name. `deposit`: the account to which the buyer has to pay. */
export type GatewayDetails = {
  method: GatewayMethod | "OTHER";
  /** The card's issuer, the bank, or the provider of easy pay. */
  company: string | null;
  /** The last four characters of the card number, as the gateway masks them. */
  lastDigits: string | null;
  approvalNumber: string | null;
  approvedAt: string | null;
  receiptUrl: string | null;
  /** The part of the whole payment that is exempt from value-added tax, in minor units. Absent is 0. */
  taxFreeAmount?: number;
  deposit?: { bankCode: string; bank: string | null; accountNumber: string; dueAt: string } | undefined;
};

/** The part of a gateway payment that the shop reads: no card number, no name. Amounts in minor units of `currency`. */
export type GatewayPayment = {
  paymentKey: string;
  orderId: string;
  status: GatewayStatus;
  /** ISO 4217. May differ from the shop's: the window in which the buyer paid chose it. */
  currency: string;
  /** The amount that was to be paid. */
  amount: number;
  /** The captured amount that has not gone back. */
  left: number;
  cancels: { amount: number; reason: string }[];
  details?: GatewayDetails | null;
};

/** One movement of money in the gateway's ledger. `amount` is negative for refunds. */
export type GatewayTransaction = {
  transactionKey: string;
  paymentKey: string;
  orderId: string;
  status: GatewayStatus;
  currency: string;
  amount: number;
  at: number;
};

/** One movement as the gateway pays it out. Amounts in minor units, negative for money that went back. Days as YYYY-MM-DD, instants in ms. */
export type GatewaySettlement = {
  transactionKey: string;
  paymentKey: string;
  currency: string;
  amount: number;
  payOut: number;
  /** The fees that the gateway names, which must be the difference of the two. */
  fee: number;
  approvedAt: number;
  soldDate: string;
  paidOutDate: string;
  /** False: an amount or an instant cannot be read, and is 0 or NaN. */
  isReadable: boolean;
};

/** A definite answer of the gateway: a payment, or a final refusal with the gateway's code. */
export type GatewayAnswer =
  | { kind: "payment"; payment: GatewayPayment }
  /** `repeated`: the request was sent before under the same key, without an answer, and may have had its effect. */
  | { kind: "refused"; code: string; repeated: boolean };

export type Confirmation = { paymentKey: string; orderId: string; amount: number; idempotencyKey: string };
/** `amount` null: all that is left, in the currency in which it was paid. */
export type Cancellation = {
  paymentKey: string;
  amount: number | null;
  /** The part of `amount` that is exempt from value-added tax. Absent and null are 0. */
  taxFreeAmount?: number | null;
  reason: string;
  idempotencyKey: string;
  /** The account that gets a deposit back. */
  receiveAccount?: ReceiveAccount | null;
};

/** A buyer's bank account. `bank`: its name or code at the gateway. */
export type ReceiveAccount = { bank: string; accountNumber: string; holderName: string };

export interface Gateway {
  /** The shop's currency: amounts are sent in its minor units. */
  readonly currency: string;
  /** Captures an authorized payment, once per idempotency key. Errors: GatewayUnknown, GatewayBusy. */
  confirm(confirmation: Confirmation): Promise<GatewayAnswer>;
  /** Sends captured money back, all or a part. Errors: GatewayUnknown, GatewayBusy. */
  cancel(cancellation: Cancellation): Promise<GatewayAnswer>;
  /** The current state of a payment; undefined if the gateway does not know it. Errors: GatewayUnknown, GatewayBusy. */
  find(paymentKey: string): Promise<GatewayPayment | undefined>;
  /** Every movement from `from` up to but not including `to`, in ms. Errors: GatewayUnknown, GatewayBusy. */
  transactions(from: number, to: number): AsyncIterable<GatewayTransaction>;
  /** The settlements with a sales day from `from` to `to`, both included, in ms. Unset if the gateway has none. Errors: GatewayUnknown, GatewayBusy. */
  settlements?(from: number, to: number): AsyncIterable<GatewaySettlement>;
  /** Runs `work`, which will call the gateway, if there is room and the circuit breaker is closed. Errors: GatewayBusy, at once. */
  admit<T>(work: () => Promise<T>): Promise<T>;
}

/** The outcome of a call that was sent is not known: no answer, a 5xx, a temporary error. `reason` contains no secret. */
export class GatewayUnknown extends Error {
  readonly reason: string;
  /** Whether it counts as a failure of the gateway for the circuit breaker. */
  readonly gatewayFailed: boolean;
  /**
   * The gateway itself has answered "later". It has bound this answer to the idempotency key and repeats it for days, so the payment is
   * looked up and the next key is used. Without an answer the same key is sent again.
   */
  readonly answered: boolean;

  constructor(
    reason: string,
    { gatewayFailed = true, answered = false, cause }: { gatewayFailed?: boolean; answered?: boolean; cause?: unknown } = {},
  ) {
    super(`the outcome of the payment gateway request is not known: ${reason}`, { cause });
    this.reason = reason;
    this.gatewayFailed = gatewayFailed;
    this.answered = answered;
  }
}

/** Nothing was sent: too many callers are waiting, or the circuit breaker is open. */
export class GatewayBusy extends Error {
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super("the payment gateway is not being called at the moment");
    this.retryAfterMs = retryAfterMs;
  }
}
