// Many short histories from one seed, each with a new shop: a small shop is fast to check after every round and fast to shrink.

import fc from "fast-check";
import { event, type Event } from "./history.ts";
import { Harness } from "./harness.ts";

const LONGEST = 500;

export type Simulation = {
  commands: number;
  rounds: number;
  /** Number of outcomes of each kind. */
  tally: Map<string, number>;
  /** The first failure, with the shortest failing history. */
  failure: string | undefined;
};

/** Simulates at least `steps` commands. The seed determines the simulation. */
export async function simulate({ seed, steps }: { seed: number; steps: number }): Promise<Simulation> {
  let commands = 0;
  let rounds = 0;
  const tally = new Map<string, number>();
  const run = async (instances: number, history: Event[]): Promise<void> => {
    const harness = new Harness(instances);
    try {
      await harness.run(history);
    } finally {
      commands += harness.commands;
      rounds += harness.rounds;
      for (const [outcome, count] of harness.checker.tally) tally.set(outcome, (tally.get(outcome) ?? 0) + count);
    }
  };
  const histories = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.array(event, { maxLength: LONGEST, size: "max" }));
  for (let part = 0; commands < steps; part++) {
    const numRuns = Math.max(1, Math.ceil(Math.min(steps - commands, 100_000) / LONGEST));
    const result = await fc.check(
      fc.asyncProperty(histories, ([instances, history]) => run(instances, history)),
      { seed: (seed + part) | 0, numRuns },
    );
    if (result.failed) return { commands, rounds, tally, failure: describe(seed + part, result) };
  }
  return { commands, rounds, tally, failure: undefined };
}

function describe(seed: number, { counterexample, errorInstance, numShrinks }: fc.RunDetails<[[number, Event[]]]>): string {
  const [instances, history] = counterexample?.[0] ?? [0, []];
  const error = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  return [
    `npm run campaign -- simulation --seed ${seed}: failed with ${instances} instance(s); shrunk ${numShrinks} times to this history:`,
    ...history.map((one) => `  ${JSON.stringify(one)}`),
    error,
  ].join("\n");
}
