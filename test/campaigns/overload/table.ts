import { CONNECTIONS, type Report } from "./overload.ts";

/** What old objects may take (`--max-old-space-size`, bin/jangnal.mjs), and as much as young ones, buffers and the process itself may take besides. */
const MOST_MB = 512 + 512;

/** What must not be, whatever the machine. */
export function wrongIn({ rush, calmMb, mostMb, lost, unheard, violations }: Report): string[] {
  const { "201": _, "503": turnedAway = [], ...others } = rush.answered;
  return [
    ...Object.entries(others).map(([status, { length }]) => `${length} were answered ${status}`),
    ...(turnedAway.length === rush.retryAfter ? [] : [`${turnedAway.length - rush.retryAfter} were told to come again, and not when`]),
    ...(mostMb > MOST_MB ? [`memory grew from ${calmMb} to ${mostMb} MB`] : []),
    ...(lost > 0 ? [`${lost} orders are lost`] : []),
    ...(unheard > rush.broken ? [`${unheard} orders are there of which nobody was told, and only ${rush.broken} had no answer`] : []),
    ...violations.map((one) => JSON.stringify(one)),
  ];
}

/** The report in Markdown. */
export function tableOf({ servedPerSecond, calm, rush, calmMb, mostMb, backAfterMs, lost, violations }: Report): string {
  const count = (status: string): number => rush.answered[status]?.length ?? 0;
  const ms = (sample: number[] | undefined, share: number): string => `${Math.round(quantile(sample ?? [], share))} ms`;
  const both = (sample: number[] | undefined): string => `${ms(sample, 0.5)}, ${ms(sample, 0.99)}`;
  return [
    "| | |",
    "| --- | --- |",
    `| served a second, ${Object.values(calm.answered).flat().length} orders in all | ${servedPerSecond} |`,
    `| their p50, p99 | ${both(calm.answered["201"])} |`,
    `| came in the rush | ${rush.arrived} |`,
    `| served; p50, p99 | ${count("201")}; ${both(rush.answered["201"])} |`,
    `| of these, who came when it had lasted a second; p50, p99 | ${rush.later["201"]?.length ?? 0}; ${both(rush.later["201"])} |`,
    `| told BUSY with Retry-After; p50, p99 | ${rush.retryAfter}; ${both(rush.answered["503"])} |`,
    `| no answer; found no connection free of ${CONNECTIONS} | ${rush.broken}; ${rush.leftStanding} |`,
    `| memory before, most | ${Math.round(calmMb)} MB, ${Math.round(mostMb)} MB |`,
    `| the next order, after the last had left | ${Math.round(backAfterMs)} ms |`,
    `| acknowledged and lost; violations found by audit | ${lost}; ${violations.length} |`,
  ].join("\n");
}

function quantile(sample: number[], share: number): number {
  return sample.toSorted((a, b) => a - b)[Math.min(sample.length - 1, Math.floor(sample.length * share))] ?? 0;
}
