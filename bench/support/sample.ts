// One measurement of a row, and the median of several.

/**
 * Times in ms. `cores` is the CPU time of each process, in cores. `sent` counts all requests over HTTP, those of the warm-up too, and `micros` is
 * the CPU time of each process per request, in µs.
 */
export type Sample = {
  count: number;
  perSecond: number;
  p50: number;
  p99: number;
  sent?: number;
  cores?: Record<string, number>;
  micros?: Record<string, number>;
};

export function sampleOf(latencies: Float64Array, elapsedMs: number): Sample {
  const sorted = latencies.sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { count: sorted.length, perSecond: (sorted.length / elapsedMs) * 1000, p50: at(0.5), p99: at(0.99) };
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The median of each figure separately. */
export function medianSample(samples: Sample[]): Sample {
  const of = (pick: (sample: Sample) => number): number => median(samples.map(pick));
  const each = (figure: "cores" | "micros"): Record<string, number> =>
    Object.fromEntries(Object.keys(samples[0]?.[figure] ?? {}).map((name) => [name, of((sample) => sample[figure]?.[name] ?? 0)]));
  const speed = { count: of((s) => s.count), perSecond: of((s) => s.perSecond), p50: of((s) => s.p50), p99: of((s) => s.p99) };
  return { ...speed, cores: each("cores"), micros: each("micros") };
}

/** Collects latencies in a growing array. */
export class Latencies {
  #values = new Float64Array(65_536);
  #count = 0;

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = ms;
  }

  values(): Float64Array {
    return this.#values.slice(0, this.#count);
  }

  sample(elapsedMs: number): Sample {
    return sampleOf(this.values(), elapsedMs);
  }
}
