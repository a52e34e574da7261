// Captures a payment, and finds out later whether a capture took place.

import type { Confirmation, Gateway, GatewayAnswer, GatewayPayment } from "../gateway/gateway.ts";
import { CURRENCY_MISMATCH, failed, type GatewayOutcome, outcomeOf } from "./outcome.ts";

/** Captures for the first time, while the caller waits. Never throws for a gateway error. */
export function capture(gateway: Gateway, wanted: Confirmation): Promise<GatewayOutcome> {
  return outcomeOf(async () => {
    const answer = await gateway.confirm(wanted);
    if (answer.kind === "refused" && answer.code === "ALREADY_PROCESSED_PAYMENT") return lookUp(gateway, wanted, answer);
    return interpret(answer, wanted, gateway.currency);
  });
}

/**
 * Finds out the outcome of a capture that may or may not have been sent. Never throws for a gateway error.
 * @param mayConfirm the capture is then sent again with the same key. This is safe: if the first request is still on its way, both
 * get the same answer.
 * @param mayGiveUp a capture that may not be confirmed and that the gateway does not know has failed
 */
export function inquire(
  gateway: Gateway,
  wanted: Confirmation,
  { mayConfirm, mayGiveUp }: { mayConfirm: boolean; mayGiveUp: boolean },
): Promise<GatewayOutcome> {
  return outcomeOf(async () => {
    const found = await gateway.find(wanted.paymentKey);
    const outcome: GatewayOutcome = found
      ? interpret({ kind: "payment", payment: found }, wanted, gateway.currency)
      : { kind: "unknown", reason: "NEVER_HEARD_OF" };
    if (outcome.kind !== "unknown") return outcome;
    if (mayConfirm) {
      const answer = await gateway.confirm(wanted);
      // A refused second confirm may only mean that the first one has arrived, so the payment is looked up.
      return answer.kind === "refused" ? lookUp(gateway, wanted, answer) : interpret(answer, wanted, gateway.currency);
    }
    return mayGiveUp ? { kind: "failed", reason: "NEVER_CONFIRMED", confirmed: false, captured: 0 } : outcome;
  });
}

async function lookUp(gateway: Gateway, wanted: Confirmation, refusal: GatewayAnswer): Promise<GatewayOutcome> {
  const found = await gateway.find(wanted.paymentKey);
  const outcome = found && interpret({ kind: "payment", payment: found }, wanted, gateway.currency);
  return outcome && outcome.kind !== "unknown" ? outcome : interpret(refusal, wanted, gateway.currency);
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
