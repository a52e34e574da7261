// Sequences of requests of everything that shoppers and operators do, at two instances on one PostgreSQL, each answer held against a model
// that shares no rule with the shop; at the end of each sequence everything that the shop shows is compared, through both instances.

import fc from "fast-check";
import { Simulator } from "../../../src/gateway/simulator/simulator.ts";
import { clockAtNoon } from "../../support/clock.ts";
import { begin, COMMANDS } from "./commands.ts";
import { VIEWS } from "./views.ts";
import { World } from "./world.ts";

export type ModelOptions = { seed: number; runs: number; length?: number };
/** How many sequences there were, and how often which operation gave which status. */
export type Modelled = { sequences: number; requests: number; tally: Map<string, number> };

const SECRET = "test_sk_of_the_model";

/** Errors: with the seed and the smallest sequence in which something comes that the model does not say. */
export async function model({ seed, runs, length = 100 }: ModelOptions): Promise<Modelled> {
  const clock = clockAtNoon();
  const tally = new Map<string, number>();
  let sequences = 0;
  const property = fc.asyncProperty(fc.commands(COMMANDS, { maxCommands: length, size: "max" }), async (commands) => {
    sequences++;
    // A gateway of its own, whose book is compared with the shop's.
    const simulator = new Simulator({ secret: SECRET });
    const gateway = { PAYMENT_GATEWAY_URL: await simulator.listen(), PAYMENT_GATEWAY_SECRET: SECRET, PAYMENT_GATEWAY_BREAKER_CALLS: "10000" };
    try {
      const world = await World.open(gateway, clock, tally);
      try {
        await begin(world);
        await fc.asyncModelRun(() => ({ model: {}, real: world }), commands);
        for (const view of VIEWS) await Promise.all([view(world, 0), view(world, 1)]);
      } finally {
        await world.close();
      }
    } finally {
      await simulator.close();
    }
  });
  const result = await fc.check(property, { seed, numRuns: runs });
  if (result.failed) throw new Error(explain(result), { cause: result.errorInstance });
  return { sequences, requests: [...tally.values()].reduce((sum, count) => sum + count, 0), tally };
}

type Failed = Pick<fc.RunDetails<[unknown]>, "seed" | "counterexample" | "numRuns" | "numShrinks" | "errorInstance">;

function explain({ seed, counterexample, numRuns, numShrinks, errorInstance }: Failed): string {
  return [
    `npm run model -- --seed ${seed} --runs ${numRuns}: sequence ${numRuns} (made smaller ${numShrinks} times):`,
    String(counterexample?.[0]), // Those of its commands that were run.
    String(errorInstance instanceof Error ? errorInstance.stack : errorInstance).slice(0, 3000),
  ].join("\n");
}
