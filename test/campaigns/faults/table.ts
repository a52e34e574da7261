import type { Report } from "./faults.ts";

/** The report in Markdown. */
export function tableOf({ buyers, perSecond, phases, reckoning, violations, deliveredAfterMs, crashes }: Report): string {
  const rows = phases.map(
    ({ name, seconds, acknowledged, longestPauseMs, askedAgain, coupons }) =>
      `| ${name} | ${seconds.toFixed(0)} s | ${acknowledged} | ${Math.round(longestPauseMs)} ms | ${askedAgain} | ${coupons} |`,
  );
  const { acknowledged, lost, duplicated, undelivered, outOfOrder } = reckoning;
  return [
    `Two instances, ${buyers} buyers, ${perSecond} orders a second asked for; ${phases.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(0)} s in all.`,
    "",
    "| | for | orders acknowledged | longest pause between two | asked again | coupons issued |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    "| acknowledged | lost | duplicated | events undelivered | out of order | violations found by `audit` | instances that ended by themselves |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    `| ${acknowledged} | ${lost} | ${duplicated} | ${undelivered} | ${outOfOrder} | ${violations.length} | ${crashes} |`,
    "",
    `The last event was delivered everywhere ${(deliveredAfterMs / 1000).toFixed(1)} s after the last order.`,
    "",
  ].join("\n");
}
