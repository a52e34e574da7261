// Sends one attempt's request to the gateway, or finds out what became of it. Captures, refunds and closed accounts are asked in the same way.

import { type Gateway, type GatewayAnswer, GatewayBusy, type GatewayPayment, GatewayUnknown } from "../gateway/gateway.ts";
import { failed, GATEWAY_NOT_CALLED, type LookedUp } from "./outcome.ts";

export type Question = {
  gateway: Gateway;
  paymentKey: string;
  /** The attempt's id, from which its idempotency keys are made. */
  id: string;
  /** The number of the idempotency key to use. */
  keyNumber: number;
  /** The gateway has not been called for this attempt before, so it is not looked up first. */
  first: boolean;
  /** False: the request may only be looked up, not sent. */
  maySend?: boolean;
  send(idempotencyKey: string): Promise<GatewayAnswer>;
  /** The outcome that a payment at the gateway means, or that the gateway knows none. @param isAnswer it answers the request itself */
  interpret(payment: GatewayPayment | undefined, isAnswer: boolean): LookedUp;
  /** Whether a refusal is believed without a look-up if it answers the very first request; unset: never. */
  isFinal?(code: string): boolean;
};

/** How many idempotency keys are tried before the attempt has to wait for its next turn. */
const KEYS_PER_TURN = 2;

/**
 * Asks once. Without an answer the outcome is unknown, and the next turn sends the same key: the gateway executes it once. After the
 * answer "later" the payment is looked up, and the next key is used, because the gateway repeats that answer for the old key. Every
 * process counts the keys in the same order, so two of them cannot have an effect each. A refusal of a request that was sent before is
 * looked up before it is believed. Never throws for a gateway error. `open` is returned only if nothing may be sent.
 */
export async function askGateway(question: Question): Promise<LookedUp> {
  const { first, maySend = true } = question;
  const turn = { keyNumber: question.keyNumber };
  try {
    if (!first) {
      const found = await lookUp(question);
      if (found.kind !== "open" || !maySend) return found;
    }
    return await sendKeys(question, turn);
  } catch (error) {
    if (error instanceof GatewayUnknown) return { kind: "unknown", reason: error.reason, keyNumber: turn.keyNumber };
    if (error instanceof GatewayBusy) return { kind: "unknown", reason: GATEWAY_NOT_CALLED, keyNumber: turn.keyNumber };
    throw error;
  }
}

async function sendKeys(question: Question, turn: { keyNumber: number }): Promise<LookedUp> {
  const { id, first, send, interpret, isFinal = () => false } = question;
  for (let tries = 1; ; tries++) {
    const answer = await send(idempotencyKey(id, turn.keyNumber)).catch(later);
    if (answer.kind === "payment") return interpret(answer.payment, true);
    if (answer.kind === "later") turn.keyNumber++;
    else if (first && tries === 1 && !answer.repeated && isFinal(answer.code)) return failed(answer.code);
    const found = await lookUp(question);
    if (found.kind !== "open") return found;
    if (answer.kind === "refused") return { kind: "failed", reason: answer.code, confirmed: false, captured: 0 };
    if (tries === KEYS_PER_TURN) return { kind: "unknown", reason: answer.reason, keyNumber: turn.keyNumber };
  }
}

async function lookUp({ gateway, paymentKey, interpret }: Question): Promise<LookedUp> {
  return interpret(await gateway.find(paymentKey), false);
}

/** The gateway's answer "later". Errors: every other error. */
function later(error: unknown): { kind: "later"; reason: string } {
  if (error instanceof GatewayUnknown && error.answered) return { kind: "later", reason: error.reason };
  throw error;
}

/** The first key is the attempt's id itself. */
function idempotencyKey(id: string, keyNumber: number): string {
  return keyNumber === 0 ? id : `${id}_${keyNumber}`;
}
