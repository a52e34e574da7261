import type { Phase, Report } from "./partitions.ts";

/** Each finding that fails the run. Asynchronous replication may lose orders; a control must. */
export function faultsIn({ plan, stalls, verification, testimony, untruths, offerFaults, balanceFaults, violations, crashes }: Report): string[] {
  const found = [...stalls, ...crashes, ...untruths, ...violations.map((violation) => JSON.stringify(violation))];
  if (plan.control) return testimony.lost > 0 ? found : [...found, "the control lost nothing, so this run proves nothing"];
  if (plan.mode === "asynchronous") return found;
  if (testimony.fromTwoPrimaries.length > 0) found.push(`two primaries acknowledged at once: ${testimony.fromTwoPrimaries.join(", ")}`);
  return [...found, ...verification.lost, ...verification.duplicated, ...offerFaults, ...balanceFaults];
}

/** The report in Markdown. */
export function tableOf({ plan, phases, verification, testimony, untruths, offers, offerFaults, violations, failovers }: Report): string {
  const byName = Map.groupBy(phases, ({ name }) => name);
  const seconds = (all: Phase[]): string => `${(Math.max(...all.map(({ longestPauseMs }) => longestPauseMs)) / 1000).toFixed(1)} s`;
  const two = (all: Phase[]): string => `${(Math.max(...all.map(({ twoPrimariesMs }) => twoPrimariesMs)) / 1000).toFixed(1)} s`;
  const rows = [...byName].toSorted().map(([name, all]) => `| ${name} | ${all.length} | ${seconds(all)} | ${two(all)} |`);
  const rebuilt = phases.reduce((sum, phase) => sum + phase.rebuilt, 0);
  const partitions = phases.filter(({ kind }) => kind === "partition").length;
  return [
    `${plan.mode}, through ${plan.through}: ${partitions} partitions, ${phases.length - partitions} kills and pauses, ${failovers} failovers, ${rebuilt} standbys made anew.`,
    "",
    "| Fault | How often | Longest pause between two acknowledged orders | Longest time with two servers that take writes |",
    "| --- | ---: | ---: | ---: |",
    ...rows,
    "",
    `acknowledged ${verification.acknowledged} orders; lost ${testimony.lost}; duplicated ${verification.duplicated.length}; ` +
      `from two primaries at once ${testimony.fromTwoPrimaries.length}; by timeline ${JSON.stringify(testimony.byTimeline)}`,
    `untrue repeats ${untruths.length}; ${offers} scarce offers, ${offerFaults.length} over- or undersold; audit ${violations.length} violations`,
  ].join("\n");
}
