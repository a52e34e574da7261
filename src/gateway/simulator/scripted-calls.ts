// Runs each call as the script in its payment key says: with or without effect, with an answer, an error or silence.

import type { ServerResponse } from "node:http";
import { send } from "./http.ts";
import type { GatewayLedger, KeyedRequest } from "./ledger.ts";
import { failure, type LedgerPayment, type Outcome } from "./ledger-payment.ts";
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
  /** Payment keys of slow calls that have not ended, by idempotency key. */
  readonly #running = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(options: ScriptedCallsOptions) {
    this.#options = options;
  }

  /** The number of calls of this operation, over all payments. */
  count(operation: string): number {
    return [...this.#counts].reduce((sum, [name, count]) => sum + (name.startsWith(`${operation} `) ? count : 0), 0);
  }

  /** A call that changes something: one at a time per idempotency key, with its webhooks. */
  change(operation: Operation, paymentKey: string, request: KeyedRequest, effect: (decline: boolean) => Outcome, response: ServerResponse): void {
    const { key } = request;
    if (key !== undefined && this.#running.get(key) !== undefined)
      return this.answer(response, failure(409, "IDEMPOTENT_REQUEST_PROCESSING", "이전 멱등 요청이 처리중입니다."));
    const step = this.#nextStep(operation, paymentKey);
    const { ledger } = this.#options;
    // A payment is cancelled by one request at a time.
    if (operation === "cancel" && [...this.#running.values()].includes(paymentKey))
      return this.answer(
        response,
        ledger.once(request, () => CONSECUTIVE),
      );
    if (step === "slow" && key !== undefined) this.#running.set(key, paymentKey);
    const perform = (): Outcome => {
      if (key !== undefined) this.#running.delete(key);
      return ledger.once(request, () => this.noticed(paymentKey, () => effect(step === "decline")));
    };
    this.#perform(step, perform, response, request);
  }

  /** Runs an effect, and tells the shop by webhook if it has changed the payment. */
  noticed(paymentKey: string, effect: () => Outcome): Outcome {
    const { payments } = this.#options.ledger;
    const before = payments.get(paymentKey);
    const outcome = effect();
    const after = payments.get(paymentKey);
    if (after && after !== before) this.#notify(after, scriptOf(paymentKey).webhook);
    return outcome;
  }

  /** A call that only reads. */
  read(operation: Operation, paymentKey: string, effect: () => Outcome, response: ServerResponse): void {
    this.#perform(this.#nextStep(operation, paymentKey), effect, response, { key: undefined, fingerprint: "" });
  }

  /** @param fields replace those of the payment */
  answer(response: ServerResponse, outcome: Outcome, fields: Record<string, unknown> = {}): void {
    if ("payment" in outcome) send(response, outcome.status, { ...paymentJson(outcome.payment, this.#options.currency), ...fields });
    else send(response, outcome.status, { code: outcome.code, message: outcome.message });
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #perform(step: Step, effect: () => Outcome, response: ServerResponse, request: KeyedRequest): void {
    if (hasNoEffect(step))
      return this.answer(
        response,
        this.#options.ledger.once(request, () => WITHOUT_EFFECT[step]),
      );
    switch (step) {
      case "slow":
        return void this.#later(this.#options.slowMs, () => this.answer(response, effect()));
      case "late":
        this.#later(this.#options.lateMs, effect);
        return this.#staySilent(response);
      case "odd":
        return this.answer(response, effect(), { status: "PARTIALLY_DONE" });
      case "decimal":
        return this.answer(response, effect(), { totalAmount: "1000.5" });
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
const CONSECUTIVE = failure(403, "FORBIDDEN_CONSECUTIVE_REQUEST", "반복적인 요청은 허용되지 않습니다. 잠시 후 다시 시도해주세요.");

/** The answers of steps without an effect. Each is bound to the request's idempotency key. */
const WITHOUT_EFFECT = {
  error: SERVER_ERROR,
  provider: failure(400, "PROVIDER_ERROR", "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요."),
  consecutive: CONSECUTIVE,
  bank: failure(403, "NOT_AVAILABLE_BANK", "은행 서비스 시간이 아닙니다."),
  forbidden: failure(403, "FORBIDDEN_REQUEST", "허용되지 않은 요청입니다."),
  missing: failure(404, "NOT_FOUND_PAYMENT", "존재하지 않는 결제 입니다."),
} satisfies Partial<Record<Step, Outcome>>;

function hasNoEffect(step: Step): step is keyof typeof WITHOUT_EFFECT {
  return Object.hasOwn(WITHOUT_EFFECT, step);
}
