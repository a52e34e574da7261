// Admission control after CoDel (RFC 8289). A burst is admitted whole if all of it can be served in
// time. Under sustained overload a long queue serves no command sooner, it only makes each one
// wait. The two cases differ in how long the queue has been long. New commands are rejected; an
// admitted command keeps its place.

/** A queue whose wait is below this share of the longest wait is short: nothing is rejected. */
const SHORT_SHARE = 0.1;
/**
 * A queue of fewer minimal rounds than this is short, too. Far from the database every round is
 * slow, and a shorter queue would send rounds out half empty again and again.
 */
const SHORT_ROUNDS = 2;

export class AdmissionControl {
  readonly #maxWaitMs: number;
  #longSince: number | undefined;
  #rejectedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param maxWaitMs the whole of a burst must be served within this time, counted from its first
   * command
   */
  constructor(maxWaitMs: number) {
    this.#maxWaitMs = maxWaitMs;
  }

  /**
   * Tells whether a command that would wait `expectedMs` is admitted.
   * @param now ms, on the clock that measures waiting
   * @param smallRoundMs duration of a round of few commands
   */
  admits(expectedMs: number, now: number, smallRoundMs: number): boolean {
    const shortMs = Math.min(this.#maxWaitMs, Math.max(this.#maxWaitMs * SHORT_SHARE, SHORT_ROUNDS * smallRoundMs));
    if (expectedMs <= shortMs) {
      // A queue that is short only because commands are being rejected does not end the overload.
      if (now - this.#rejectedAt > shortMs) this.#longSince = undefined;
      return true;
    }
    this.#longSince ??= now;
    if (now - this.#longSince + expectedMs <= this.#maxWaitMs) return true;
    this.#rejectedAt = now;
    return false;
  }
}
