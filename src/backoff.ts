// How long to wait before the next try: twice as long each time, up to a minute, and never at the same moment as everybody else.

const FIRST_MS = 250;
const MOST_MS = 60_000;

/** A letter that was refused this often is dead: eight tries take about a minute. */
export const MOST_TRIES = 8;

/** The pause in ms after the `tries`-th failed try (1 and up). */
export function backoffMs(tries: number, random: () => number = Math.random): number {
  const longest = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(tries, 30));
  return Math.round(longest * (0.5 + random() / 2));
}
