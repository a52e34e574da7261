import type { Report } from "./faults.ts";

/** The report in Markdown. */
export function tableOf({ buyers, perSecond, phases, verification, violations, deliveredAfterMs, crashes }: Report): string {
  const rows = phases.map(
    ({ name, seconds, acknowledged, longestPauseMs, retries, coupons }) =>
      `| ${name} | ${seconds.toFixed(0)} s | ${acknowledged} | ${Math.round(longestPauseMs)} ms | ${retries} | ${coupons} |`,
  );
  const { acknowledged, lost, duplicated, undelivered, outOfOrder } = verification;
  return [
    `Two instances, ${buyers} buyers, ${perSecond} orders per second requested; ${phases.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(0)} s in all.`,
    "",
    "| phase | duration | orders acknowledged | longest pause between two | retries | coupons issued |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    "| acknowledged | lost | duplicated | events undelivered | out of order | violations found by `audit` | instances that crashed |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    `| ${acknowledged} | ${lost.length} | ${duplicated.length} | ${undelivered.length} | ${outOfOrder.length} | ${violations.length} | ${crashes} |`,
    "",
    `All events were delivered to all sinks ${(deliveredAfterMs / 1000).toFixed(1)} s after the last order.`,
    "",
  ].join("\n");
}
