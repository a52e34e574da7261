// Runs each call as the script in its payment key says: with or without effect, with an answer, an error or silence.

import type { ServerResponse } from "node:http";
import { send } from "./http.ts";
import { failure, type GatewayLedger, type LedgerPayment, type Outcome } from "./ledger.ts";
import { paymentJson } from "./payment-json.ts";
import { scriptOf, type Step, stepAt, type Webhook } from "./script.ts";
import type { Webhooks } from "./webhooks.ts";

export type Operation = "confirm" | "cancel" | "find";

export type ScriptedCallsOptions = { ledger: GatewayLedger; webhooks: Webhooks; currency: string; slowMs: number; lateMs: number };

/** How long a caller that gets no answer is kept, unless it disconnects first. */
const SILENCE_MS = 90_000;

export class ScriptedCalls {
  /** Ignores the scripts while true. */
  behaves = false;
  readonly #options: ScriptedCallsOptions;
  readonly #counts = new Map<string, number>();
  /** Idempotency keys of slow calls that have not ended. */
  readonly #running = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(options: ScriptedCallsOptions) {
    this.#options = options;
  }

  /** The number of calls of this operation, over all payments. */
  count(operation: string): number {
    return [...this.#counts].reduce((sum, [name, count]) => sum + (name.startsWith(`${operation} `) ? count : 0), 0);
  }

  /** A call that changes something: one at a time per idempotency key, with its webhooks. */
  change(operation: Operation, paymentKey: string, key: string | undefined, effect: (decline: boolean) => Outcome, response: ServerResponse): void {
    if (key !== undefined && this.#running.has(key))
      return this.answer(response, failure(409, "IDEMPOTENT_REQUEST_PROCESSING", "이전 멱등 요청이 처리중입니다."));
    const step = this.#nextStep(operation, paymentKey);
    const { webhook } = scriptOf(paymentKey);
    const { payments } = this.#options.ledger;
    if (step === "slow" && key !== undefined) this.#running.add(key);
    this.#perform(
      step,
      () => {
        if (key !== undefined) this.#running.delete(key);
        const before = payments.get(paymentKey);
        const outcome = effect(step === "decline");
        const after = payments.get(paymentKey);
        if (after && after !== before) this.#notify(after, webhook);
        return outcome;
      },
      response,
    );
  }

  /** A call that only reads. */
  read(operation: Operation, paymentKey: string, effect: () => Outcome, response: ServerResponse): void {
    this.#perform(this.#nextStep(operation, paymentKey), effect, response);
  }

  answer(response: ServerResponse, outcome: Outcome): void {
    if ("payment" in outcome) send(response, outcome.status, paymentJson(outcome.payment, this.#options.currency));
    else send(response, outcome.status, { code: outcome.code, message: outcome.message });
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #perform(step: Step, effect: () => Outcome, response: ServerResponse): void {
    switch (step) {
      case "slow":
        return void this.#later(this.#options.slowMs, () => this.answer(response, effect()));
      case "late":
        this.#later(this.#options.lateMs, effect);
        return this.#staySilent(response);
      case "error":
        return this.answer(response, SERVER_ERROR);
      case "provider":
        return this.answer(response, failure(400, "PROVIDER_ERROR", "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요."));
      case "drop":
        return void response.destroy();
      case "silent":
        return this.#staySilent(response);
      case "lost":
        effect();
        return this.answer(response, SERVER_ERROR);
      case "cut":
        effect();
        return void response.destroy();
      case "timeout":
        effect();
        return this.#staySilent(response);
      case "ok":
      case "decline":
        return this.answer(response, effect());
    }
  }

  #notify(payment: LedgerPayment, webhook: Webhook): void {
    const { webhooks } = this.#options;
    if (webhook === "never" || webhooks.url === undefined) return;
    // The ledger has the change already, so a shop that asks at once finds it, even before the call is answered.
    if (webhook === "before") return void webhooks.send(payment);
    this.#later(5, () => {
      void webhooks.send(payment);
      if (webhook === "twice") void webhooks.send(payment);
      if (webhook === "disorder") void webhooks.send(payment, "ABORTED");
    });
  }

  #staySilent(response: ServerResponse): void {
    const timer = this.#later(SILENCE_MS, () => response.destroy());
    response.once("close", () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    });
  }

  #later(ms: number, work: () => unknown): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms).unref();
    this.#timers.add(timer);
    return timer;
  }

  #nextStep(operation: Operation, paymentKey: string): Step {
    const calls = this.#counts.get(`${operation} ${paymentKey}`) ?? 0;
    this.#counts.set(`${operation} ${paymentKey}`, calls + 1);
    return this.behaves ? "ok" : stepAt(scriptOf(paymentKey)[operation], calls);
  }
}

const SERVER_ERROR = failure(500, "FAILED_INTERNAL_SYSTEM_PROCESSING", "내부 시스템 처리 작업이 실패했습니다.");
