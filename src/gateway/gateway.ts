// The port to whoever takes card payments. Nothing here is ever called inside a transaction.

/** What a payment is at the gateway, in the words of the Toss Payments core API. */
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
export type GatewayStatus = (typeof GATEWAY_STATUSES)[number];

/** Of what the gateway says of a payment only this is taken in: no card number, no name. Amounts in minor units of its currency. */
export type GatewayPayment = {
  paymentKey: string;
  orderId: string;
  status: GatewayStatus;
  /** ISO 4217. It need not be the shop's: the window in which the buyer paid chose it. */
  currency: string;
  /** What was asked for. */
  amount: number;
  /** What of it is still held, once it was captured. */
  left: number;
  cancels: { amount: number; reason: string }[];
};

/** One movement of money in the gateway's book: `amount` is negative for what was given back. */
export type GatewayTransaction = {
  transactionKey: string;
  paymentKey: string;
  orderId: string;
  status: GatewayStatus;
  currency: string;
  amount: number;
  at: number;
};

/** The gateway has spoken: either a payment, or a refusal that stands, with the gateway's code. */
export type GatewayAnswer = { kind: "payment"; payment: GatewayPayment } | { kind: "refused"; code: string };

export type Confirmation = { paymentKey: string; orderId: string; amount: number; idempotencyKey: string };
/** `amount` null: everything that is left, in whatever currency it was paid. */
export type Cancellation = { paymentKey: string; amount: number | null; reason: string; idempotencyKey: string };

export interface Gateway {
  /** In what the shop counts: amounts that are sent are in its minor units. */
  readonly currency: string;
  /** Captures an authorized payment. The same idempotency key captures once, however often it comes. Errors: GatewayUnknown, GatewayBusy. */
  confirm(confirmation: Confirmation): Promise<GatewayAnswer>;
  /** Gives captured money back, some or all. Errors: GatewayUnknown, GatewayBusy. */
  cancel(cancellation: Cancellation): Promise<GatewayAnswer>;
  /** The payment as the gateway has it now; undefined where it has never heard of it. Errors: GatewayUnknown, GatewayBusy. */
  find(paymentKey: string): Promise<GatewayPayment | undefined>;
  /** Every movement from `from` up to but not including `to`, in ms. Errors: GatewayUnknown, GatewayBusy. */
  transactions(from: number, to: number): AsyncIterable<GatewayTransaction>;
  /** Does `work`, which is going to call, if there is room for one more caller and the gateway has been answering. Errors: GatewayBusy, at once. */
  admit<T>(work: () => Promise<T>): Promise<T>;
}

/** Nobody can say what became of a call that was sent: no answer, a 5xx, a temporary error. `reason` may be shown to anybody. */
export class GatewayUnknown extends Error {
  readonly reason: string;
  /** Whether it says that the gateway itself is in trouble, so that the breaker should hear of it. */
  readonly trouble: boolean;

  constructor(reason: string, { trouble = true, cause }: { trouble?: boolean; cause?: unknown } = {}) {
    super(`the gateway's answer is not known: ${reason}`, { cause });
    this.reason = reason;
    this.trouble = trouble;
  }
}

/** Nothing was sent: too many callers wait already, or the gateway has not been answering and is left alone for a while. */
export class GatewayBusy extends Error {
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super("the gateway is not being called at the moment");
    this.retryAfterMs = retryAfterMs;
  }
}
