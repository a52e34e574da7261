export type SeededRandom = { below(n: number): number; chance(p: number): boolean; pick<T>(from: readonly T[]): T };

/** Pseudorandom numbers from a seed (mulberry32). */
export function random(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { below: (n) => Math.floor(next() * n), chance: (p) => next() < p, pick: (from) => from[Math.floor(next() * from.length)] as never };
}
