// Exponential backoff.

/** `firstMs`, doubled for each attempt, at most `maxMs`. */
export function exponentialMs(firstMs: number, maxMs: number, attempts: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(attempts, 30));
}

export type Backoff = { firstMs?: number; maxMs?: number };

/**
 * Returns the pause in ms after the `attempts`-th failed attempt (from 1): between half of and the whole
 * of `firstMs` × 2 to the power of `attempts`, at most `maxMs`. Jitter keeps callers from retrying
 * together.
 */
export function backoffMs(attempts: number, random: () => number = Math.random, { firstMs = 250, maxMs = 60_000 }: Backoff = {}): number {
  return Math.round(exponentialMs(firstMs, maxMs, attempts) * (0.5 + random() / 2));
}
