// A clock for tests, on which waiting takes no time: it goes forward only when everything that could happen by now has happened.

import type { Clock } from "../../src/till/clock.ts";

export class VirtualClock implements Clock {
  #offset: number;
  #elapsed = 0;
  #drawn = 1;
  /** Soonest last. */
  readonly #timers: { at: number; run: () => void }[] = [];

  constructor(now = Date.UTC(2026, 10, 20)) {
    this.#offset = now;
  }

  /** The shop's time in ms since 1970. */
  now(): number {
    return this.#offset + this.#elapsed;
  }

  elapsedMs(): number {
    return this.#elapsed;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.later(ms, resolve));
  }

  /** Always the same numbers, in the same order (a linear congruential generator's). */
  random(): number {
    this.#drawn = (this.#drawn * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return this.#drawn / 2 ** 32;
  }

  later(ms: number, run: () => void): void {
    const at = this.#elapsed + Math.max(0, ms);
    let i = this.#timers.length;
    while (i > 0 && (this.#timers[i - 1] as { at: number }).at <= at) i--;
    this.#timers.splice(i, 0, { at, run });
  }

  /** Sets the shop's time; who waits does not notice. */
  set(now: number): void {
    this.#offset = now - this.#elapsed;
  }

  /** Lets `ms` pass, and everything that is due happen. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    await allDone();
    for (let next = this.#timers.at(-1); next !== undefined && next.at <= until; next = this.#timers.at(-1)) {
      this.#fire();
      await allDone();
    }
    this.#elapsed = until;
  }

  /** Lets time pass until `work` is done. Errors: its own, or that it waits for nothing that will ever come. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const mark = (): void => void (done = true);
    work.then(mark, mark);
    await allDone();
    while (!done) {
      if (this.#timers.length === 0) throw new Error("what is waited for will never come");
      this.#fire();
      await allDone();
    }
    return work;
  }

  #fire(): void {
    const { at, run } = this.#timers.pop() as { at: number; run: () => void };
    this.#elapsed = Math.max(this.#elapsed, at);
    run();
  }
}

/** Everything that waits for nothing but its turn has had it: promises are settled before the next immediate. */
function allDone(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
