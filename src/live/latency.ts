// Response times, counted in buckets that are seven percent wide: precise enough for a chart, and small enough to send. Unlike percentiles,
// buckets of several instances can be added.

const FIRST_MS = 0.1;
const GROWTH = Math.log(1.07);
const BUCKETS = 200;

/** Pairs of a bucket's index and its count. */
export type Buckets = [bucket: number, count: number][];

export class Latency {
  readonly #counts = new Uint32Array(BUCKETS);
  #isEmpty = true;

  add(ms: number): void {
    this.#isEmpty = false;
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(ms / FIRST_MS) / GROWTH)));
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
  }

  /** Returns the counts since the last call, and resets them. */
  take(): Buckets {
    if (this.#isEmpty) return [];
    const taken: Buckets = [];
    for (const [bucket, count] of this.#counts.entries()) if (count > 0) taken.push([bucket, count]);
    this.#counts.fill(0);
    this.#isEmpty = true;
    return taken;
  }
}

export type Percentiles = { p50: number; p95: number; p99: number; max: number };

/** Percentiles in ms, each the upper bound of its bucket; null if all buckets are empty. */
export function percentiles(parts: Buckets[]): Percentiles | null {
  const counts = new Map<number, number>();
  for (const [bucket, count] of parts.flat()) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  if (counts.size === 0) return null;
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const at = (share: number): number => {
    let left = Math.ceil(total * share);
    for (const [bucket, count] of sorted) if ((left -= count) <= 0) return upperBound(bucket);
    return upperBound(BUCKETS);
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

function upperBound(bucket: number): number {
  return Number((FIRST_MS * Math.exp(GROWTH * bucket)).toPrecision(3));
}
