// The time by which the till waits. The simulation replaces it with a clock on which waiting is
// instant. Decisions use another time: each round's instant comes from its store with the rows
// (`OpenRound.now`).

import { setTimeout as sleep } from "node:timers/promises";

export type Clock = {
  /** A monotonic time in ms. */
  elapsedMs(): number;
  /** Resolves after `ms`. */
  pause(ms: number): Promise<void>;
  /** From 0 up to 1: jitter, so that two rounds that conflicted do not retry together. */
  random(): number;
  /** Runs `work` once everything that has already arrived is read. */
  soon(work: () => void): void;
  /** Runs `work` after about `ms`, unless the process has nothing else left to do. */
  later(ms: number, work: () => void): void;
};

export const realClock: Clock = {
  elapsedMs: () => performance.now(),
  pause: (ms) => sleep(ms),
  random: () => Math.random(),
  soon: (work) => void setImmediate(work),
  later: (ms, work) => void setTimeout(work, ms).unref(),
};
