// Estimates how long the queue takes, from the rounds that were served.

/**
 * A small round costs nearly as much as a large one. So only a large round can show that the till
 * is slow; any round can show that it is fast.
 */
const LARGE_ROUND = 64;
/** Weight of a new sample in the moving average. */
const WEIGHT = 0.2;
/**
 * The duration of a round of at most this many commands is mostly the round trips to the database.
 */
const SMALL_ROUND = 4;
/**
 * Growth of the shortest small round with each further one, so that an old minimum is forgotten.
 */
const MINIMUM_GROWTH = 1.1;

export class ThroughputEstimate {
  #msPerCommand = 0.2;
  #servedAt = Number.NEGATIVE_INFINITY;
  #smallRoundMs = Number.POSITIVE_INFINITY;

  /**
   * Learns from a round of `commands`. Rounds overlap, so the sample is the time since the previous
   * round ended.
   */
  served(commands: number, startedAt: number, servedAt: number): void {
    const sample = (servedAt - Math.max(startedAt, this.#servedAt)) / commands;
    this.#servedAt = servedAt;
    // The minimum counts, because longer rounds have waited behind others.
    if (commands <= SMALL_ROUND) this.#smallRoundMs = Math.min(servedAt - startedAt, this.#smallRoundMs * MINIMUM_GROWTH);
    if (commands >= LARGE_ROUND || sample < this.#msPerCommand) this.#msPerCommand += WEIGHT * (sample - this.#msPerCommand);
  }

  /** Duration of a round of few commands in ms; 0 if unknown. */
  get smallRoundMs(): number {
    return Number.isFinite(this.#smallRoundMs) ? this.#smallRoundMs : 0;
  }

  /** What each further command adds to the wait, in ms. */
  get msPerCommand(): number {
    return this.#msPerCommand;
  }

  /** The expected wait in ms of a command behind `waiting` others. */
  expectedMs(waiting: number): number {
    return waiting * this.#msPerCommand;
  }
}
