// What keeps a gateway in trouble from becoming the shop's: a bound on who waits, on how long, and a breaker.

import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  CountBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";
import { GatewayBusy, GatewayUnknown } from "../gateway.ts";

export type GatewayPolicyOptions = {
  /** How long one call may take, its retries included, in ms. */
  timeoutMs: number;
  /** How often a call is sent at most, with the same key, while it comes back quickly with nothing. */
  tries: number;
  /** Callers who may be at the gateway at once; as many again wait for a place. */
  concurrency: number;
  /** Calls of the last so many that are looked at: once half of them brought trouble, nobody calls for `breakerMs`. */
  breakerCalls: number;
  breakerMs: number;
};

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1000;

export class GatewayPolicy {
  readonly #options: GatewayPolicyOptions;
  readonly #breaker;
  readonly #policy;
  readonly #places;
  readonly #stopping = new AbortController();
  #openUntil = 0;
  #probing = false;
  /** For the metrics. */
  readonly counts = { waiting: 0, opened: 0, turnedAway: 0 };

  constructor(options: GatewayPolicyOptions) {
    const { timeoutMs, tries, concurrency, breakerCalls, breakerMs } = options;
    this.#options = options;
    this.#places = bulkhead(concurrency, concurrency);
    this.#breaker = circuitBreaker(
      handleWhen((error) => error instanceof GatewayUnknown && error.trouble),
      { halfOpenAfter: breakerMs, breaker: new CountBreaker({ threshold: 0.5, size: breakerCalls, minimumNumberOfCalls: breakerCalls }) },
    );
    this.#breaker.onBreak(() => {
      this.#openUntil = Date.now() + breakerMs;
      this.counts.opened++;
    });
    this.#policy = wrap(
      timeout(timeoutMs, TimeoutStrategy.Aggressive),
      retry(
        handleWhen((error) => error instanceof GatewayUnknown),
        { maxAttempts: tries - 1, backoff: new ExponentialBackoff({ initialDelay: FIRST_RETRY_MS, maxDelay: LAST_RETRY_MS }) },
      ),
      this.#breaker,
    );
  }

  get state(): "closed" | "open" | "half-open" {
    if (this.#breaker.state === CircuitState.Closed) return "closed";
    return this.#breaker.state === CircuitState.HalfOpen ? "half-open" : "open";
  }

  /** Lets `work` in, unless it would have to wait for too many others, or the gateway is being left alone. Errors: GatewayBusy. */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#places.execute(() => this.#enter(work));
    } catch (error) {
      if (error instanceof BulkheadRejectedError) return this.#turnAway(1000);
      throw error;
    }
  }

  /**
   * Sends a call, again where it came back with nothing and there is time.
   * Errors: GatewayBusy where nothing was sent; GatewayUnknown.
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
      // The breaker may have opened between two tries of one call: then something was sent after all.
      throw last instanceof GatewayUnknown ? last : new GatewayBusy(this.#left());
    }
  }

  /** Nobody waits any longer: what is under way is not known, and is found out at the next start. */
  stop(): void {
    this.#stopping.abort();
  }

  async #enter<T>(work: () => Promise<T>): Promise<T> {
    if (this.#breaker.state === CircuitState.Closed) return this.#waiting(work);
    // After the pause one may go and see; the others come back when it has returned.
    if (this.#probing || Date.now() < this.#openUntil) return this.#turnAway(this.#left());
    this.#probing = true;
    try {
      return await this.#waiting(work);
    } finally {
      this.#probing = false;
    }
  }

  async #waiting<T>(work: () => Promise<T>): Promise<T> {
    this.counts.waiting++;
    try {
      return await work();
    } finally {
      this.counts.waiting--;
    }
  }

  #turnAway(retryAfterMs: number): never {
    this.counts.turnedAway++;
    throw new GatewayBusy(retryAfterMs);
  }

  #left(): number {
    return Math.max(1000, Math.min(this.#openUntil - Date.now(), this.#options.breakerMs));
  }
}
