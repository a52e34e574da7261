// What is to be believed of one capture: it was done, it failed and can't arrive any more, or nobody knows yet.

import { type Confirmation, type Gateway, type GatewayAnswer, GatewayBusy, type GatewayPayment, GatewayUnknown } from "../gateway/gateway.ts";

/** Why money of another currency than the shop's goes back. Its amount is in minor units of its own currency. */
export const CURRENCY_MISMATCH = "CURRENCY_MISMATCH";

export type CaptureOutcome =
  | { kind: "done" }
  /**
   * `heard` is false where the gateway never said so itself: then it is looked at again for a day. `captured` is money that it took and that
   * can't be for this.
   */
  | { kind: "failed"; reason: string; confirmed: boolean; captured: number }
  | { kind: "unknown"; reason: string };

/** Captures for the first time, while somebody waits. Never throws for what the gateway does. */
export function capture(gateway: Gateway, wanted: Confirmation): Promise<CaptureOutcome> {
  return withUnknown(async () => {
    const answer = await gateway.confirm(wanted);
    if (answer.kind === "refused" && answer.code === "ALREADY_PROCESSED_PAYMENT") return lookUp(gateway, wanted, answer);
    return interpret(answer, wanted, gateway.currency);
  });
}

/**
 * Finds out what became of a capture that may have been sent, or may not. While `mayConfirm` it is then confirmed again with the same key,
 * which is safe: a first one that is still on its way gets the same answer. Later it is left, and given up once `mayGiveUp`.
 */
export function inquire(
  gateway: Gateway,
  wanted: Confirmation,
  { mayConfirm, mayGiveUp }: { mayConfirm: boolean; mayGiveUp: boolean },
): Promise<CaptureOutcome> {
  return withUnknown(async () => {
    const found = await gateway.find(wanted.paymentKey);
    const outcome: CaptureOutcome = found
      ? interpret({ kind: "payment", payment: found }, wanted, gateway.currency)
      : { kind: "unknown", reason: "NEVER_HEARD_OF" };
    if (outcome.kind !== "unknown") return outcome;
    if (mayConfirm) {
      const answer = await gateway.confirm(wanted);
      // A refusal of the second confirm may only mean that the first has arrived: the book has the last word.
      return answer.kind === "refused" ? lookUp(gateway, wanted, answer) : interpret(answer, wanted, gateway.currency);
    }
    return mayGiveUp ? { kind: "failed", reason: "NEVER_CONFIRMED", confirmed: false, captured: 0 } : outcome;
  });
}

async function lookUp(gateway: Gateway, wanted: Confirmation, refusal: GatewayAnswer): Promise<CaptureOutcome> {
  const found = await gateway.find(wanted.paymentKey);
  const outcome = found && interpret({ kind: "payment", payment: found }, wanted, gateway.currency);
  return outcome && outcome.kind !== "unknown" ? outcome : interpret(refusal, wanted, gateway.currency);
}

async function withUnknown(ask: () => Promise<CaptureOutcome>): Promise<CaptureOutcome> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof GatewayUnknown) return { kind: "unknown", reason: error.reason };
    if (error instanceof GatewayBusy) return { kind: "unknown", reason: "GATEWAY_NOT_CALLED" };
    throw error;
  }
}

/** What an answer means for what was wanted. Pure. @param currency the one in which it was wanted */
export function interpret(answer: GatewayAnswer, wanted: Pick<Confirmation, "orderId" | "amount">, currency: string): CaptureOutcome {
  if (answer.kind === "refused") return { kind: "failed", reason: answer.code, confirmed: true, captured: 0 };
  const { payment } = answer;
  // Then it is another's money, and not ours to give back either.
  if (payment.orderId !== wanted.orderId) return { kind: "failed", reason: "PAYMENT_KEY_OF_ANOTHER_ORDER", confirmed: true, captured: 0 };
  switch (payment.status) {
    case "DONE":
    case "PARTIAL_CANCELED":
      // Equal numbers of another currency are another sum.
      if (payment.currency !== currency) return { kind: "failed", reason: CURRENCY_MISMATCH, confirmed: true, captured: payment.left };
      if (payment.amount === wanted.amount) return { kind: "done" };
      return { kind: "failed", reason: "AMOUNT_MISMATCH", confirmed: true, captured: payment.left };
    case "CANCELED":
    case "ABORTED":
    case "EXPIRED":
      return { kind: "failed", reason: payment.status, confirmed: true, captured: 0 };
    case "READY":
    case "IN_PROGRESS":
    case "WAITING_FOR_DEPOSIT":
      return { kind: "unknown", reason: payment.status };
  }
}

/** What the gateway holds for something that failed in the shop, and why it must go back; undefined if that is nothing, or another's. */
export function heldFor(payment: GatewayPayment | undefined, orderId: string, currency: string): { amount: number; reason: string } | undefined {
  if (payment?.orderId !== orderId || (payment.status !== "DONE" && payment.status !== "PARTIAL_CANCELED") || payment.left === 0) return undefined;
  return { amount: payment.left, reason: payment.currency === currency ? "CAPTURED_AFTER_FAILURE" : CURRENCY_MISMATCH };
}
