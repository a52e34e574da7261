import { CONNECTIONS, type OverloadReport } from "./overload.ts";

/** The limit of the old generation (`--max-old-space-size`, bin/jangnal.mjs), and as much for everything else. */
const MAX_MB = 512 + 512;

/** Violated promises, as sentences. None depends on the speed of the machine. */
export function faultsOf({ overload, normalMb, maxMb, lost, unacknowledged, violations }: OverloadReport): string[] {
  const { "201": _, "503": rejected = [], ...others } = overload.responses;
  return [
    ...Object.entries(others).map(([status, { length }]) => `${length} responses had status ${status}`),
    ...(rejected.length === overload.retryAfter ? [] : [`${rejected.length - overload.retryAfter} responses 503 had no Retry-After`]),
    ...(maxMb > MAX_MB ? [`memory grew from ${normalMb} to ${maxMb} MB`] : []),
    ...(lost > 0 ? [`${lost} acknowledged orders are missing`] : []),
    ...(unacknowledged > overload.broken
      ? [`${unacknowledged} orders were not acknowledged, but only ${overload.broken} requests had no response`]
      : []),
    ...violations.map((one) => JSON.stringify(one)),
  ];
}

/** The report in Markdown. */
export function tableOf({ servedPerSecond, normal, overload, normalMb, maxMb, recoveredAfterMs, lost, violations }: OverloadReport): string {
  const count = (status: string): number => overload.responses[status]?.length ?? 0;
  const ms = (sample: number[] | undefined, share: number): string => `${Math.round(quantile(sample ?? [], share))} ms`;
  const both = (sample: number[] | undefined): string => `${ms(sample, 0.5)}, ${ms(sample, 0.99)}`;
  return [
    "| | |",
    "| --- | --- |",
    `| served per second, ${Object.values(normal.responses).flat().length} orders in total | ${servedPerSecond} |`,
    `| p50, p99 | ${both(normal.responses["201"])} |`,
    `| arrivals during the overload | ${overload.arrived} |`,
    `| served; p50, p99 | ${count("201")}; ${both(overload.responses["201"])} |`,
    `| of these, arrivals after the first second; p50, p99 | ${overload.later["201"]?.length ?? 0}; ${both(overload.later["201"])} |`,
    `| BUSY with Retry-After; p50, p99 | ${overload.retryAfter}; ${both(overload.responses["503"])} |`,
    `| no response; no idle connection of ${CONNECTIONS} | ${overload.broken}; ${overload.withoutConnection} |`,
    `| memory before, maximum | ${Math.round(normalMb)} MB, ${Math.round(maxMb)} MB |`,
    `| next order after the end of the load | ${Math.round(recoveredAfterMs)} ms |`,
    `| acknowledged and missing; violations found by audit | ${lost}; ${violations.length} |`,
  ].join("\n");
}

function quantile(sample: number[], share: number): number {
  return sample.toSorted((a, b) => a - b)[Math.min(sample.length - 1, Math.floor(sample.length * share))] ?? 0;
}
