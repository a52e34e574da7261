// How long the line takes, learnt from the rounds that were served.

/** A small round costs nearly as much as a large one: only a crowd can show that the till is slow, any round that it is fast. */
const CROWD = 64;
const WEIGHT = 0.2;

export class Pace {
  #msPerCommand = 0.2;
  #servedAt = Number.NEGATIVE_INFINITY;

  /** Takes note of a round of `commands`. Rounds overlap, so what counts is the time since the one before it ended. */
  served(commands: number, setOutAt: number, servedAt: number): void {
    const sample = (servedAt - Math.max(setOutAt, this.#servedAt)) / commands;
    this.#servedAt = servedAt;
    if (commands >= CROWD || sample < this.#msPerCommand) this.#msPerCommand += WEIGHT * (sample - this.#msPerCommand);
  }

  /** The time in ms until somebody who stands behind `waiting` others is served. */
  expectedMs(waiting: number): number {
    return waiting * this.#msPerCommand;
  }
}
