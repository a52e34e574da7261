import type { BrokerPhase, BrokerReport } from "./brokers.ts";
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
  const database = (all: Phase[]): string => `${(Math.max(...all.map(({ databasePauseMs }) => databasePauseMs)) / 1000).toFixed(1)} s`;
  const two = (all: Phase[]): string => `${(Math.max(...all.map(({ twoPrimariesMs }) => twoPrimariesMs)) / 1000).toFixed(1)} s`;
  const rows = [...byName].toSorted().map(([name, all]) => `| ${name} | ${all.length} | ${seconds(all)} | ${database(all)} | ${two(all)} |`);
  const rebuilt = phases.reduce((sum, phase) => sum + phase.rebuilt, 0);
  const partitions = phases.filter(({ kind }) => kind === "partition").length;
  return [
    `${plan.mode}, through ${plan.through}: ${partitions} partitions, ${phases.length - partitions} kills and pauses, ${failovers} failovers, ${rebuilt} standbys made anew.`,
    "",
    "| Fault | How often | Longest pause between two acknowledged orders | Longest pause of the database alone | Longest time with two servers that take writes |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
    `acknowledged ${verification.acknowledged} orders; lost ${testimony.lost}; duplicated ${verification.duplicated.length}; ` +
      `from two primaries at once ${testimony.fromTwoPrimaries.length}; by timeline ${JSON.stringify(testimony.byTimeline)}`,
    `untrue repeats ${untruths.length}; ${offers} scarce offers, ${offerFaults.length} over- or undersold; audit ${violations.length} violations`,
  ].join("\n");
}

export function brokerFaultsIn({ stalls, crashes, verification, violations }: BrokerReport): string[] {
  const { lost, duplicated, undelivered, outOfOrder } = verification;
  return [...stalls, ...crashes, ...lost, ...duplicated, ...undelivered, ...outOfOrder, ...violations.map((violation) => JSON.stringify(violation))];
}

/** The report in Markdown. */
export function brokerTableOf({ phases, verification, messages, repeated, violations }: BrokerReport): string {
  const longest = (all: BrokerPhase[], of: (phase: BrokerPhase) => number): string => `${(Math.max(...all.map(of)) / 1000).toFixed(1)} s`;
  const rows = [...Map.groupBy(phases, ({ name }) => name)]
    .toSorted()
    .map(
      ([name, all]) =>
        `| ${name} | ${all.length} | ${longest(all, (one) => one.longestPauseMs)} | ${longest(all, (one) => one.deliveredMs)} | ${longest(all, (one) => one.redisMs)} |`,
    );
  return [
    "| Fault | How often | Longest pause between two acknowledged orders | Events delivered after the repair | Both shops use Redis after the repair |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
    `acknowledged ${verification.acknowledged} orders, ${verification.events} events: lost ${verification.lost.length}, duplicated ${verification.duplicated.length}, ` +
      `undelivered ${verification.undelivered.length}, out of order ${verification.outOfOrder.length}`,
    `${messages} messages in the stream, ${repeated} of them repeated; audit ${violations.length} violations`,
  ].join("\n");
}
