import fc from "fast-check";
import { DropHarness } from "./drop-harness.ts";
import { type DropHistory, history } from "./drop-history.ts";

const STEPS_EACH = 100;

export type DropSimulation = { commands: number; rounds: number; tally: Map<string, number>; failure: string | undefined };

/** Simulates at least `steps` commands at drops, in many short histories from one seed. */
export async function simulateDrops({ seed, steps }: { seed: number; steps: number }): Promise<DropSimulation> {
  let commands = 0;
  let rounds = 0;
  const tally = new Map<string, number>();
  const run = async (one: DropHistory): Promise<void> => {
    const harness = new DropHarness(one);
    try {
      await harness.run();
    } finally {
      commands += harness.commands;
      rounds += harness.rounds;
      for (const [outcome, count] of harness.tally) tally.set(outcome, (tally.get(outcome) ?? 0) + count);
    }
  };
  for (let part = 0; commands < steps; part++) {
    const numRuns = Math.max(1, Math.ceil(Math.min(steps - commands, 50_000) / STEPS_EACH));
    const result = await fc.check(
      fc.asyncProperty(history, (one) => run(one)),
      { seed: (seed + part) | 0, numRuns },
    );
    if (result.failed) return { commands, rounds, tally, failure: describe(seed + part, result) };
  }
  return { commands, rounds, tally, failure: undefined };
}

function describe(seed: number, { counterexample, errorInstance, numShrinks }: fc.RunDetails<[DropHistory]>): string {
  const error = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  const { mode, stock, events } = counterexample?.[0] ?? { mode: "", stock: [], events: [] };
  return [
    `npm run campaign -- simulation --seed ${seed}: a drop failed, ${mode} with stock ${stock.join(" and ")}; shrunk ${numShrinks} times to this history:`,
    ...events.map((one) => `  ${JSON.stringify(one)}`),
    error,
  ].join("\n");
}
