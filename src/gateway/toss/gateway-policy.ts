// Keeps a failing gateway from taking the shop down: a bulkhead, a timeout, retries and a circuit breaker.

import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  CountBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  noop,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";
import { GatewayBusy, GatewayUnknown } from "../gateway.ts";

export type GatewayPolicyOptions = {
  /** Longest duration of one call with its retries, in ms. */
  timeoutMs: number;
  /** How often a call is sent at most, with the same key, if it fails quickly without an answer. */
  tries: number;
  /** Callers that may use the gateway at once; the same number may wait. */
  concurrency: number;
  /** The breaker looks at this many last calls. If half of them failed, it stays open for `breakerMs`. Infinity: there is none. */
  breakerCalls: number;
  breakerMs: number;
};

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1000;

export class GatewayPolicy {
  readonly #options: GatewayPolicyOptions;
  readonly #breaker;
  readonly #policy;
  readonly #bulkhead;
  readonly #stopping = new AbortController();
  #openUntil = 0;
  #probing = false;
  /** For the metrics. */
  readonly counts = { waiting: 0, opened: 0, rejected: 0 };

  constructor(options: GatewayPolicyOptions) {
    const { timeoutMs, tries, concurrency, breakerCalls, breakerMs } = options;
    this.#options = options;
    this.#bulkhead = bulkhead(concurrency, concurrency);
    const hasBreaker = Number.isFinite(breakerCalls);
    const size = hasBreaker ? breakerCalls : 1;
    this.#breaker = circuitBreaker(
      handleWhen((error) => error instanceof GatewayUnknown && error.gatewayFailed),
      { halfOpenAfter: breakerMs, breaker: new CountBreaker({ threshold: 0.5, size, minimumNumberOfCalls: size }) },
    );
    this.#breaker.onBreak(() => {
      this.#openUntil = Date.now() + breakerMs;
      this.counts.opened++;
    });
    this.#policy = wrap(
      timeout(timeoutMs, TimeoutStrategy.Aggressive),
      retry(
        handleWhen((error) => error instanceof GatewayUnknown && !error.answered),
        { maxAttempts: tries - 1, backoff: new ExponentialBackoff({ initialDelay: FIRST_RETRY_MS, maxDelay: LAST_RETRY_MS }) },
      ),
      hasBreaker ? this.#breaker : noop,
    );
  }

  get state(): "closed" | "open" | "half-open" {
    if (this.#breaker.state === CircuitState.Closed) return "closed";
    return this.#breaker.state === CircuitState.HalfOpen ? "half-open" : "open";
  }

  /** Runs `work` unless too many callers are waiting or the breaker is open. Errors: GatewayBusy. */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#bulkhead.execute(() => this.#enter(work));
    } catch (error) {
      if (error instanceof BulkheadRejectedError) return this.#reject(1000);
      throw error;
    }
  }

  /**
   * Sends a call, and repeats it if it failed without an answer and there is time.
   * Errors: GatewayBusy if nothing was sent; GatewayUnknown.
   */
  async call<T>(send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    let last: unknown;
    try {
      return await this.#policy.execute(async ({ signal }) => {
        last = new GatewayUnknown("TIMEOUT");
        try {
          return await send(AbortSignal.any([signal, this.#stopping.signal]));
        } catch (error) {
          last = error;
          throw error;
        }
      });
    } catch (error) {
      if (error instanceof TaskCancelledError) throw new GatewayUnknown("TIMEOUT");
      if (!(error instanceof BrokenCircuitError)) throw error;
      // If the breaker opened between two tries of one call, the first try was sent all the same.
      throw last instanceof GatewayUnknown ? last : new GatewayBusy(this.#openForMs());
    }
  }

  /** Aborts all calls. Their outcomes are unknown, and settlement finds them out after the next start. */
  stop(): void {
    this.#stopping.abort();
  }

  async #enter<T>(work: () => Promise<T>): Promise<T> {
    if (this.#breaker.state === CircuitState.Closed) return this.#counted(work);
    // After the pause one caller probes the gateway; the others are rejected until it returns.
    if (this.#probing || Date.now() < this.#openUntil) return this.#reject(this.#openForMs());
    this.#probing = true;
    try {
      return await this.#counted(work);
    } finally {
      this.#probing = false;
    }
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    this.counts.waiting++;
    try {
      return await work();
    } finally {
      this.counts.waiting--;
    }
  }

  #reject(retryAfterMs: number): never {
    this.counts.rejected++;
    throw new GatewayBusy(retryAfterMs);
  }

  #openForMs(): number {
    return Math.max(1000, Math.min(this.#openUntil - Date.now(), this.#options.breakerMs));
  }
}
