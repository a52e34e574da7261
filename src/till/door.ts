// Who is still let into the line. A crowd that comes once is let in whole, if all of it can be served in time. Where more come all the time
// than can be served, a long line serves nobody sooner; it only makes each of them wait. What tells the two apart is for how long the line
// has been long (the standing queue of RFC 8289, controlled delay). It is cut at its end alone: who was let in keeps the place.

/** Of the longest wait: a line that is shorter than this is worth nobody's being turned away. */
const SHORT = 0.1;

export class Door {
  readonly #waitMs: number;
  readonly #shortMs: number;
  #longSince: number | undefined;
  #turnedAwayAt = Number.NEGATIVE_INFINITY;

  /** @param waitMs within which everybody of a crowd must be served, counted from its first */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
    this.#shortMs = waitMs * SHORT;
  }

  /** Whether somebody who would wait `expectedMs` is let in, at `now` on the clock that waiting is measured by. */
  letsIn(expectedMs: number, now: number): boolean {
    if (expectedMs <= this.#shortMs) {
      // Short because others are turned away is not short.
      if (now - this.#turnedAwayAt > this.#shortMs) this.#longSince = undefined;
      return true;
    }
    this.#longSince ??= now;
    if (now - this.#longSince + expectedMs <= this.#waitMs) return true;
    this.#turnedAwayAt = now;
    return false;
  }
}
