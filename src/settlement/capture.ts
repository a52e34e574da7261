// Captures a payment, and finds out later whether a capture took place.

import type { Gateway, GatewayDetails, GatewayPayment } from "../gateway/gateway.ts";
import type { GatewayMethod } from "../payment-settings.ts";
import { askGateway } from "./ask-gateway.ts";
import { CURRENCY_MISMATCH, failed, type GatewayOutcome, type LookedUp, UNRECOGNIZED_ANSWER } from "./outcome.ts";

export type CaptureTerms = {
  /** The gateway has not been called for this capture before. */
  first: boolean;
  now: number;
  /** The methods that the shop takes; undefined: all. */
  methods?: readonly GatewayMethod[] | undefined;
  /** Until then an unknown capture is sent again. */
  confirmUntil: number;
  /** From then on a capture that is no longer sent, and that the gateway does not know, has failed. */
  giveUpAt: number;
};

export type Capture = { id: string; paymentKey: string; orderId: string; amount: number; keyNumber: number };

/** Captures a payment, or finds out what became of a capture that may have been sent before. Never throws for a gateway error. */
export async function capture(gateway: Gateway, wanted: Capture, terms: CaptureTerms): Promise<GatewayOutcome> {
  const { paymentKey, orderId, amount } = wanted;
  const { first, now, confirmUntil, giveUpAt, methods } = terms;
  const outcome = await askGateway({
    ...wanted,
    gateway,
    first,
    maySend: first || now < confirmUntil,
    send: (idempotencyKey) => gateway.confirm({ paymentKey, orderId, amount, idempotencyKey }),
    interpret: (payment) => interpret(payment, wanted, gateway.currency),
    isFinal: (code) => code !== "ALREADY_PROCESSED_PAYMENT",
  });
  if (outcome.kind === "unknown" && outcome.deposit && !isTaken(outcome.deposit.details, methods)) {
    // The failed attempt is watched, so the account is closed on a best effort.
    await closeAccount(gateway, wanted, METHOD_NOT_TAKEN);
    return neverConfirmed(METHOD_NOT_TAKEN);
  }
  if (outcome.kind === "done" && !isTaken(outcome.details, methods)) return failed(METHOD_NOT_TAKEN, amount);
  if (outcome.kind !== "open") return outcome;
  return now < giveUpAt ? { kind: "unknown", reason: outcome.reason } : neverConfirmed("NEVER_CONFIRMED");
}

/**
 * Closes a virtual account to which the buyer no longer has to pay, unless the deposit has come before. `failed`: no deposit can come any
 * more; `done`: it has come. Never throws for a gateway error.
 */
export async function closeAccount(gateway: Gateway, wanted: Capture, reason = "the order was cancelled"): Promise<GatewayOutcome> {
  const { id, paymentKey, keyNumber } = wanted;
  const outcome = await askGateway({
    gateway,
    paymentKey,
    id: `${id}_close`,
    keyNumber,
    first: false,
    // Without an account for the money the gateway refuses to cancel a payment whose deposit has come.
    send: (idempotencyKey) => gateway.cancel({ paymentKey, amount: null, reason: `${reason} [${id}]`, idempotencyKey }),
    interpret(payment) {
      const state = interpret(payment, wanted, gateway.currency);
      return state.kind === "unknown" && state.deposit ? { kind: "open", reason: state.reason } : state;
    },
  });
  const isRefused = outcome.kind === "open" || (outcome.kind === "failed" && !outcome.confirmed);
  return isRefused ? { kind: "unknown", reason: outcome.reason, closingRefused: true } : outcome;
}

const METHOD_NOT_TAKEN = "PAYMENT_METHOD_NOT_TAKEN";

function neverConfirmed(reason: string): GatewayOutcome {
  return { kind: "failed", reason, confirmed: false, captured: 0 };
}

function isTaken(details: GatewayDetails | null | undefined, methods: readonly GatewayMethod[] | undefined): boolean {
  return methods === undefined || !details || methods.some((method) => method === details.method);
}

/** The outcome that a gateway payment means for a capture. Pure. @param currency the currency of `wanted.amount` */
export function interpret(payment: GatewayPayment | undefined, wanted: { orderId: string; amount: number }, currency: string): LookedUp {
  if (payment === undefined) return { kind: "open", reason: "NEVER_HEARD_OF" };
  // The money belongs to another order, so this attempt must not send it back.
  if (payment.orderId !== wanted.orderId) return failed("PAYMENT_KEY_OF_ANOTHER_ORDER");
  switch (payment.status) {
    case "DONE":
    case "PARTIAL_CANCELED":
      // The same number in another currency is another amount.
      if (payment.currency !== currency) return failed(CURRENCY_MISMATCH, payment.left);
      return payment.amount === wanted.amount
        ? { kind: "done", ...(payment.details ? { details: payment.details } : {}) }
        : failed("AMOUNT_MISMATCH", payment.left);
    case "CANCELED":
    case "ABORTED":
    case "EXPIRED":
      return failed(payment.status);
    case "WAITING_FOR_DEPOSIT":
      return waiting(payment, wanted.amount, currency);
    case "READY":
    case "IN_PROGRESS":
      return { kind: "open", reason: payment.status };
    case "UNRECOGNIZED":
      return { kind: "unknown", reason: UNRECOGNIZED_ANSWER };
  }
}

function waiting({ details, amount, currency }: GatewayPayment, wanted: number, shopCurrency: string): LookedUp {
  if (!details?.deposit || amount !== wanted || currency !== shopCurrency) return { kind: "unknown", reason: UNRECOGNIZED_ANSWER };
  return { kind: "unknown", reason: "WAITING_FOR_DEPOSIT", deposit: { dueAt: Date.parse(details.deposit.dueAt), details } };
}

/** Money that the gateway holds for an attempt that failed in the shop, and why it goes back. Undefined if there is none for this order. */
export function heldFor(payment: GatewayPayment | undefined, orderId: string, currency: string): { amount: number; reason: string } | undefined {
  if (payment?.orderId !== orderId || (payment.status !== "DONE" && payment.status !== "PARTIAL_CANCELED") || payment.left === 0) return undefined;
  return { amount: payment.left, reason: payment.currency === currency ? "CAPTURED_AFTER_FAILURE" : CURRENCY_MISMATCH };
}
