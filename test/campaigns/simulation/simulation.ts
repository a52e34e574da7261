// Many short histories from one seed, each in a world of its own: small worlds are quick to check after every round, and quick to shrink.

import fc from "fast-check";
import { event, type Event } from "./history.ts";
import { Harness } from "./harness.ts";

const LONGEST = 500;

export type Simulation = {
  commands: number;
  rounds: number;
  /** How often what came of what. */
  tally: Map<string, number>;
  /** What went wrong, with the shortest history that still goes wrong. */
  failure: string | undefined;
};

/** Simulates at least `steps` commands. The same seed is the same simulation. */
export async function simulate({ seed, steps }: { seed: number; steps: number }): Promise<Simulation> {
  let commands = 0;
  let rounds = 0;
  const tally = new Map<string, number>();
  const live = async (instances: number, history: Event[]): Promise<void> => {
    const world = new Harness(instances);
    try {
      await world.live(history);
    } finally {
      commands += world.commands;
      rounds += world.rounds;
      for (const [what, count] of world.judge.tally) tally.set(what, (tally.get(what) ?? 0) + count);
    }
  };
  const histories = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.array(event, { maxLength: LONGEST, size: "max" }));
  for (let part = 0; commands < steps; part++) {
    const numRuns = Math.max(1, Math.ceil(Math.min(steps - commands, 100_000) / LONGEST));
    const result = await fc.check(
      fc.asyncProperty(histories, ([instances, history]) => live(instances, history)),
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
    `seed ${seed} goes wrong with ${instances} instance(s), after ${numShrinks} shrinks, when this happens:`,
    ...history.map((one) => `  ${JSON.stringify(one)}`),
    error,
  ].join("\n");
}
