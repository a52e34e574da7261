// Pauses between attempts: exponential backoff.

/** `firstMs`, doubled for each attempt, at most `maxMs`. */
export function exponentialMs(firstMs: number, maxMs: number, attempts: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(attempts, 30));
}

const FIRST_MS = 250;
const MAX_MS = 60_000;

/**
 * The pause in ms after the `attempts`-th failed attempt (1 and up): half a second at first, doubled each time, up to a minute.
 * Up to half of it is random, so that instances do not retry at the same moment.
 */
export function backoffMs(attempts: number, random: () => number = Math.random): number {
  return Math.round(exponentialMs(FIRST_MS, MAX_MS, attempts) * (0.5 + random() / 2));
}
