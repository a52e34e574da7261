// Sequences of requests by shoppers and operators to two instances on one PostgreSQL. Each response is compared with a model that shares
// no rule with the shop. At the end of each sequence, all views of the shop are compared, through both instances.

import fc from "fast-check";
import { Simulator } from "../../../src/gateway/simulator/simulator.ts";
import { clockAtNoon } from "../../support/clock.ts";
import { sellDrop } from "./afterwards.ts";
import { COMMANDS, prepare } from "./commands.ts";
import { VIEWS } from "./views.ts";
import { Environment } from "./environment.ts";

export type ModelOptions = { seed: number; runs: number; length?: number };
/** `tally`: number of responses, per operation and status. */
export type ModelReport = { sequences: number; requests: number; tally: Map<string, number> };

const SECRET = "test_sk_model";

/** Errors: with the seed and the shrunk sequence whose response differs from the model. */
export async function model({ seed, runs, length = 100 }: ModelOptions): Promise<ModelReport> {
  const clock = clockAtNoon();
  const tally = new Map<string, number>();
  let sequences = 0;
  const property = fc.asyncProperty(fc.commands(COMMANDS, { maxCommands: length, size: "max" }), async (commands) => {
    sequences++;
    // Its own gateway, whose ledger is compared with the shop's.
    const simulator = new Simulator({ secret: SECRET });
    const gateway = { PAYMENT_GATEWAY_URL: await simulator.listen(), PAYMENT_GATEWAY_SECRET: SECRET, PAYMENT_GATEWAY_BREAKER_CALLS: "10000" };
    try {
      const environment = await Environment.open(gateway, clock, tally);
      try {
        await prepare(environment);
        await fc.asyncModelRun(() => ({ model: {}, real: environment }), commands);
        for (const view of VIEWS) await Promise.all([view(environment, 0), view(environment, 1)]);
        await sellDrop(environment);
      } finally {
        await environment.close();
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
    `npm run campaign -- model --seed ${seed} --runs ${numRuns}: sequence ${numRuns}, shrunk ${numShrinks} times:`,
    String(counterexample?.[0]), // Only the commands that ran.
    String(errorInstance instanceof Error ? errorInstance.stack : errorInstance).slice(0, 3000),
  ].join("\n");
}
