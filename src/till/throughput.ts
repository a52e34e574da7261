// How long the line takes, learnt from the rounds that were served.

/** A small round costs nearly as much as a large one: only a crowd can show that the till is slow, any round that it is fast. */
const CROWD = 64;
const WEIGHT = 0.2;
/** A round of so few takes what it takes to go to the database at all. */
const FEW = 4;
const FORGETS = 1.1;

export class ThroughputEstimate {
  #msPerCommand = 0.2;
  #servedAt = Number.NEGATIVE_INFINITY;
  #fewMs = Number.POSITIVE_INFINITY;

  /** Takes note of a round of `commands`. Rounds overlap, so what counts is the time since the one before it ended. */
  served(commands: number, setOutAt: number, servedAt: number): void {
    const sample = (servedAt - Math.max(setOutAt, this.#servedAt)) / commands;
    this.#servedAt = servedAt;
    // The shortest, slowly forgotten: the others have stood behind somebody.
    if (commands <= FEW) this.#fewMs = Math.min(servedAt - setOutAt, this.#fewMs * FORGETS);
    if (commands >= CROWD || sample < this.#msPerCommand) this.#msPerCommand += WEIGHT * (sample - this.#msPerCommand);
  }

  /** What a round takes, in ms, in which hardly anybody is; 0 where that is not known. */
  get smallRoundMs(): number {
    return Number.isFinite(this.#fewMs) ? this.#fewMs : 0;
  }

  /** The time in ms until somebody who stands behind `waiting` others is served. */
  expectedMs(waiting: number): number {
    return waiting * this.#msPerCommand;
  }
}
