// Sends one attempt's request to the gateway, or finds out what became of it. Captures and refunds are asked in the same way.

import { type GatewayAnswer, GatewayBusy, GatewayUnknown } from "../gateway/gateway.ts";
import { failed, GATEWAY_NOT_CALLED, type LookedUp } from "./outcome.ts";

export type Question = {
  /** The attempt's id, from which its idempotency keys are made. */
  id: string;
  /** The number of the idempotency key to use. */
  keyNumber: number;
  /** The gateway has not been called for this attempt before, so it is not looked up first. */
  first: boolean;
  /** Whether the request may be sent, or only looked up. */
  maySend: boolean;
  send(idempotencyKey: string): Promise<GatewayAnswer>;
  /** The outcome of this attempt, given the payment at the gateway. */
  interpret(answer: GatewayAnswer & { kind: "payment" }): LookedUp;
  lookUp(): Promise<LookedUp>;
  /** Whether a refusal is believed without a look-up if it answers the very first request. */
  isFinal(code: string): boolean;
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
  const turn = { keyNumber: question.keyNumber };
  try {
    if (!question.first) {
      const found = await question.lookUp();
      if (found.kind !== "open" || !question.maySend) return found;
    }
    return await sendKeys(question, turn);
  } catch (error) {
    if (error instanceof GatewayUnknown) return { kind: "unknown", reason: error.reason, keyNumber: turn.keyNumber };
    if (error instanceof GatewayBusy) return { kind: "unknown", reason: GATEWAY_NOT_CALLED, keyNumber: turn.keyNumber };
    throw error;
  }
}

async function sendKeys(question: Question, turn: { keyNumber: number }): Promise<LookedUp> {
  const { id, first, send, interpret, lookUp, isFinal } = question;
  for (let tries = 1; ; tries++) {
    const answer = await send(idempotencyKey(id, turn.keyNumber)).catch(later);
    if (answer.kind === "payment") return interpret(answer);
    if (answer.kind === "later") turn.keyNumber++;
    else if (first && tries === 1 && !answer.repeated && isFinal(answer.code)) return failed(answer.code);
    const found = await lookUp();
    if (found.kind !== "open") return found;
    if (answer.kind === "refused") return { kind: "failed", reason: answer.code, confirmed: false, captured: 0 };
    if (tries === KEYS_PER_TURN) return { kind: "unknown", reason: answer.reason, keyNumber: turn.keyNumber };
  }
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
