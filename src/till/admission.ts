// Who is still let into the line. A crowd that comes once is let in whole, if all of it can be served in time. Where more come all the time
// than can be served, a long line serves nobody sooner; it only makes each of them wait. What tells the two apart is for how long the line
// has been long (the standing queue of RFC 8289, controlled delay). It is cut at its end alone: who was let in keeps the place.

/** Of the longest wait: a line that is shorter than this is worth nobody's being turned away. */
const SHORT = 0.1;
/**
 * Nor is one that is shorter than this many rounds of one. Where the database is far away a round takes long whoever is in it, and a line that
 * is too short would send it there half empty, again and again.
 */
const ROUNDS = 2;

export class AdmissionControl {
  readonly #waitMs: number;
  #longSince: number | undefined;
  #turnedAwayAt = Number.NEGATIVE_INFINITY;

  /** @param waitMs within which everybody of a crowd must be served, counted from its first */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /**
   * Whether somebody who would wait `expectedMs` is let in, at `now` on the clock that waiting is measured by.
   * @param aloneMs what a round takes in which hardly anybody is
   */
  admits(expectedMs: number, now: number, aloneMs: number): boolean {
    const shortMs = Math.min(this.#waitMs, Math.max(this.#waitMs * SHORT, ROUNDS * aloneMs));
    if (expectedMs <= shortMs) {
      // Short because others are turned away is not short.
      if (now - this.#turnedAwayAt > shortMs) this.#longSince = undefined;
      return true;
    }
    this.#longSince ??= now;
    if (now - this.#longSince + expectedMs <= this.#waitMs) return true;
    this.#turnedAwayAt = now;
    return false;
  }
}
