// A clock for tests: time advances only when nothing else can happen, so waiting takes no real time.

import type { Clock } from "../../src/till/clock.ts";

export class VirtualClock implements Clock {
  #offset: number;
  #elapsed = 0;
  #drawn = 1;
  /** In descending order of time. */
  readonly #timers: { at: number; run: () => void }[] = [];

  constructor(now = Date.UTC(2026, 10, 20)) {
    this.#offset = now;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#offset + this.#elapsed;
  }

  elapsedMs(): number {
    return this.#elapsed;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.later(ms, resolve));
  }

  /** A fixed sequence (linear congruential generator). */
  random(): number {
    this.#drawn = (this.#drawn * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return this.#drawn / 2 ** 32;
  }

  soon(run: () => void): void {
    queueMicrotask(run);
  }

  later(ms: number, run: () => void): void {
    const at = this.#elapsed + Math.max(0, ms);
    let i = this.#timers.length;
    while (i > 0 && (this.#timers[i - 1] as { at: number }).at <= at) i--;
    this.#timers.splice(i, 0, { at, run });
  }

  /** Sets the time of day; timers are not affected. */
  set(now: number): void {
    this.#offset = now - this.#elapsed;
  }

  /** Advances the time by `ms` and fires due timers. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    await settled();
    for (let next = this.#timers.at(-1); next !== undefined && next.at <= until; next = this.#timers.at(-1)) {
      this.#fire();
      await settled();
    }
    this.#elapsed = until;
  }

  /** Advances the time until `work` settles. Errors: those of `work`; a deadlock, if no timer is left. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const finish = (): void => void (done = true);
    work.then(finish, finish);
    await settled();
    while (!done) {
      if (this.#timers.length === 0) throw new Error("deadlock: no timer is left");
      this.#fire();
      await settled();
    }
    return work;
  }

  #fire(): void {
    const { at, run } = this.#timers.pop() as { at: number; run: () => void };
    this.#elapsed = Math.max(this.#elapsed, at);
    run();
  }
}

/** Resolves after all pending promise callbacks, since they run before the next immediate. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
