// Captures a payment, and finds out later whether a capture took place.

import type { Confirmation, Gateway, GatewayAnswer, GatewayPayment } from "../gateway/gateway.ts";
import { CURRENCY_MISMATCH, failed, type GatewayOutcome, outcomeOf } from "./outcome.ts";

export type CaptureTerms = {
  /** The gateway has not been called for this capture before. */
  first: boolean;
  now: number;
  /** Until then an unknown capture is sent again. */
  confirmUntil: number;
  /** From then on a capture that is no longer sent, and that the gateway does not know, has failed. */
  giveUpAt: number;
};

/**
 * Captures a payment, or finds out what became of a capture that may have been sent before. Sending it again is safe, because its key is
 * the attempt's id: if the first request is still on its way, both get the same answer. Never throws for a gateway error.
 */
export function capture(
  gateway: Gateway,
  { id, paymentKey, orderId, amount }: { id: string; paymentKey: string; orderId: string; amount: number },
  { first, now, confirmUntil, giveUpAt }: CaptureTerms,
): Promise<GatewayOutcome> {
  const wanted: Confirmation = { paymentKey, orderId, amount, idempotencyKey: id };
  async function lookUp(): Promise<GatewayOutcome> {
    const payment = await gateway.find(paymentKey);
    return payment ? interpret({ kind: "payment", payment }, wanted, gateway.currency) : { kind: "unknown", reason: "NEVER_HEARD_OF" };
  }

  return outcomeOf(async () => {
    const earlier = first ? null : await lookUp();
    if (earlier && earlier.kind !== "unknown") return earlier;
    if (earlier && now >= confirmUntil)
      return now >= giveUpAt ? { kind: "failed", reason: "NEVER_CONFIRMED", confirmed: false, captured: 0 } : earlier;

    const answer = await gateway.confirm(wanted);
    const outcome = interpret(answer, wanted, gateway.currency);
    // A refusal may only mean that an earlier request has arrived, so the payment is looked up.
    if (answer.kind !== "refused" || (first && answer.code !== "ALREADY_PROCESSED_PAYMENT")) return outcome;
    const found = await lookUp();
    return found.kind === "unknown" ? outcome : found;
  });
}

/** The outcome that a gateway answer means for a capture. Pure. @param currency the currency of `wanted.amount` */
export function interpret(answer: GatewayAnswer, wanted: Pick<Confirmation, "orderId" | "amount">, currency: string): GatewayOutcome {
  if (answer.kind === "refused") return failed(answer.code);
  const { payment } = answer;
  // The money belongs to another order, so this attempt must not send it back.
  if (payment.orderId !== wanted.orderId) return failed("PAYMENT_KEY_OF_ANOTHER_ORDER");
  switch (payment.status) {
    case "DONE":
    case "PARTIAL_CANCELED":
      // The same number in another currency is another amount.
      if (payment.currency !== currency) return failed(CURRENCY_MISMATCH, payment.left);
      return payment.amount === wanted.amount ? { kind: "done" } : failed("AMOUNT_MISMATCH", payment.left);
    case "CANCELED":
    case "ABORTED":
    case "EXPIRED":
      return failed(payment.status);
    case "READY":
    case "IN_PROGRESS":
    case "WAITING_FOR_DEPOSIT":
      return { kind: "unknown", reason: payment.status };
  }
}

/** Money that the gateway holds for an attempt that failed in the shop, and why it goes back. Undefined if there is none for this order. */
export function heldFor(payment: GatewayPayment | undefined, orderId: string, currency: string): { amount: number; reason: string } | undefined {
  if (payment?.orderId !== orderId || (payment.status !== "DONE" && payment.status !== "PARTIAL_CANCELED") || payment.left === 0) return undefined;
  return { amount: payment.left, reason: payment.currency === currency ? "CAPTURED_AFTER_FAILURE" : CURRENCY_MISMATCH };
}
