// How long answers took, counted in buckets that are seven percent wide: exact enough to look at, small enough to send, and buckets of several
// instances add up, which percentiles do not.

const FIRST_MS = 0.1;
const GROWTH = Math.log(1.07);
const BUCKETS = 200;

/** Pairs of a bucket's number and how many fell into it. */
export type Buckets = [bucket: number, count: number][];

export class Latency {
  readonly #counts = new Uint32Array(BUCKETS);
  #used = false;

  add(ms: number): void {
    this.#used = true;
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(ms / FIRST_MS) / GROWTH)));
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
  }

  /** What was counted since it was last asked. */
  take(): Buckets {
    if (!this.#used) return [];
    const taken: Buckets = [];
    for (const [bucket, count] of this.#counts.entries()) if (count > 0) taken.push([bucket, count]);
    this.#counts.fill(0);
    this.#used = false;
    return taken;
  }
}

export type Percentiles = { p50: number; p95: number; p99: number; max: number };

/** In ms, each the upper end of the bucket that it falls into; null where nothing was counted. */
export function percentiles(parts: Buckets[]): Percentiles | null {
  const counts = new Map<number, number>();
  for (const [bucket, count] of parts.flat()) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  if (counts.size === 0) return null;
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const at = (share: number): number => {
    let left = Math.ceil(total * share);
    for (const [bucket, count] of sorted) if ((left -= count) <= 0) return upperEnd(bucket);
    return upperEnd(BUCKETS);
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

function upperEnd(bucket: number): number {
  return Number((FIRST_MS * Math.exp(GROWTH * bucket)).toPrecision(3));
}
