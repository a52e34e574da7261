// Time as the till needs it to wait. The simulation brings a clock of its own, on which an hour of waiting takes no time.
// Decisions do not go by this process's time: a round's instant comes from its store with the rows (`OpenRound.now`).

export type Clock = {
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
  elapsedMs: () => performance.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  random: () => Math.random(),
  later: (ms, work) => void setTimeout(work, ms).unref(),
};
