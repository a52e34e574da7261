// Judges series of a soak test: after the warm-up, none may grow.

export type Point = readonly [at: number, value: number];
export type Series = {
  name: string;
  unit: "" | "MB" | "ms" | "B";
  points: Point[];
  /** Which value of a window counts: the lowest of a sawtooth, the highest of a queue. */
  of: "min" | "median" | "max";
  /** The growth that is allowed over the whole judged time: a constant, and a share of the level at its beginning. */
  allowed: { constant: number; share: number };
  /** Needs this many minutes; memory, for example, settles slowly. */
  minMinutes?: number;
};

export type Verdict = {
  name: string;
  unit: Series["unit"];
  verdict: "flat" | "grows" | "not judged";
  level: number;
  growth: number;
  allowed: number;
};

/** The first part of a run, in which caches fill and code is compiled. */
export const WARM_UP = 0.25;
const WINDOWS = 12;
const LEAST_WINDOWS = 6;
/** z of the Mann–Kendall test; one-sided p = 0.01. */
const TREND = 2.33;

/**
 * A series grows if the growth of its windows by the Theil–Sen slope exceeds the allowance, and the Mann–Kendall test finds a trend.
 * Both take ranks or medians, so a single spike is no growth.
 */
export function judge({ name, unit, points, of, allowed, minMinutes = 0 }: Series, run: { from: number; to: number }): Verdict {
  const from = run.from + (run.to - run.from) * WARM_UP;
  const judged = points.filter(([at]) => at >= from && at <= run.to);
  const windows = windowsOf(judged, { from, to: run.to }, of);
  const [, level] = windows[0] ?? [0, Number.NaN];
  if (windows.length < LEAST_WINDOWS || run.to - run.from < minMinutes * 60_000)
    return { name, unit, verdict: "not judged", level, growth: Number.NaN, allowed: Number.NaN };
  const growth = slopeOf(windows) * (run.to - from);
  const limit = allowed.constant + allowed.share * Math.abs(level);
  const grows = growth > limit && trendOf(windows.map(([, value]) => value)) > TREND;
  return { name, unit, verdict: grows ? "grows" : "flat", level, growth, allowed: limit };
}

/** One point for each window of equal length that has points. */
function windowsOf(points: Point[], { from, to }: { from: number; to: number }, of: Series["of"]): Point[] {
  const count = Math.min(WINDOWS, points.length);
  const length = (to - from) / count;
  const groups = Map.groupBy(points, ([at]) => Math.min(count - 1, Math.floor((at - from) / length)));
  return [...groups]
    .toSorted(([a], [b]) => a - b)
    .map(([i, group]) => [
      from + (i + 0.5) * length,
      reduce(
        group.map(([, value]) => value),
        of,
      ),
    ]);
}

function reduce(values: number[], of: Series["of"]): number {
  return of === "median" ? median(values) : Math[of](...values);
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Theil–Sen: the median of the slopes between all pairs. */
function slopeOf(points: Point[]): number {
  return median(points.flatMap(([at, value], i) => points.slice(i + 1).map(([later, other]) => (other - value) / (later - at))));
}

/** Mann–Kendall: z of the number of pairs that rise less the number of those that fall. */
function trendOf(values: number[]): number {
  const n = values.length;
  const s = values.flatMap((value, i) => values.slice(i + 1).map((other) => Math.sign(other - value))).reduce((sum, sign) => sum + sign, 0);
  return (s - Math.sign(s)) / Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
}

/** Of a total that grows with work: how much of it one unit of work took, in each of so many parts of the run. */
export function perUnit(total: Point[], work: Point[], parts = 2 * WINDOWS): Point[] {
  const step = Math.max(1, Math.floor(total.length / parts));
  const ends = total.map((_, i) => i).filter((i) => i % step === 0);
  return ends.slice(1).flatMap((end, i): Point[] => {
    const start = ends[i] as number;
    const done = (work[end]?.[1] ?? 0) - (work[start]?.[1] ?? 0);
    return done <= 0 ? [] : [[total[end]?.[0] as number, ((total[end]?.[1] as number) - (total[start]?.[1] as number)) / done]];
  });
}
