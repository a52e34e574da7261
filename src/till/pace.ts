// How long the line takes. A small round costs nearly as much as a large one, so the pace of a crowd is learnt from crowds only.

const CROWD = 64;
const WEIGHT = 0.2;

export class Pace {
  #msPerCommand = 0.2;
  #msPerRound = 5;

  /** Takes note of a round of `commands` that took `ms`. */
  served(commands: number, ms: number): void {
    this.#msPerRound += WEIGHT * (ms - this.#msPerRound);
    if (commands >= CROWD) this.#msPerCommand += WEIGHT * (ms / commands - this.#msPerCommand);
  }

  /** The time in ms until somebody who stands behind `waiting` others is served. */
  expectedMs(waiting: number): number {
    return Math.max(waiting * this.#msPerCommand, waiting >= CROWD ? (waiting / 512) * this.#msPerRound : 0);
  }
}
