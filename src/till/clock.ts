// Time as the till needs it. The simulation brings a clock of its own, on which an hour of waiting takes no time.

export type Clock = {
  /** The shop's time in ms since 1970, which decisions go by. It may be set back or forward at any moment. */
  now(): number;
  /** A time in ms that only ever goes forward, which waiting is measured by. */
  elapsedMs(): number;
  /** Resolves `ms` later. */
  pause(ms: number): Promise<void>;
  /** From 0 up to 1: spreads those who have met, so that they do not meet again. */
  random(): number;
  /** Runs `work` about `ms` later, unless the process has nothing else left to do. */
  later(ms: number, work: () => void): void;
};

export const realClock: Clock = {
  now: () => Date.now(),
  elapsedMs: () => performance.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  random: () => Math.random(),
  later: (ms, work) => void setTimeout(work, ms).unref(),
};
