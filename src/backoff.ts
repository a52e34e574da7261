// Exponential backoff with jitter.

/** An event that a sink refused this often is a dead letter: eight tries take about a minute. */
export const MOST_TRIES = 8;

export type Backoff = { firstMs?: number; maxMs?: number };

/**
 * Returns the pause in ms after the `tries`-th failed try (from 1): between half of and the whole
 * of `firstMs` × 2 to the power of `tries`, at most `maxMs`. Jitter keeps callers from retrying
 * together.
 */
export function backoffMs(tries: number, random: () => number = Math.random, { firstMs = 250, maxMs = 60_000 }: Backoff = {}): number {
  const longest = Math.min(maxMs, firstMs * 2 ** Math.min(tries, 30));
  return Math.round(longest * (0.5 + random() / 2));
}
