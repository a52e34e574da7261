// node test/campaigns/simulation/simulate.ts [--seed N] [--steps M] [--tally]
// Simulates a shop for so many commands and says how fast, and with --tally what came of them. A history that goes wrong is shrunk and printed, with the seed that repeats it.

import { parseArgs } from "node:util";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    steps: { type: "string", default: "100000" },
    tally: { type: "boolean" },
  },
});
const seed = Number(values.seed);
const from = performance.now();
const { commands, rounds, tally, failure } = await simulate({ seed, steps: Number(values.steps) });
const seconds = (performance.now() - from) / 1000;
console.log(`seed ${seed}: ${commands} commands in ${rounds} rounds, ${seconds.toFixed(1)} s, ${Math.round(commands / seconds)} commands/s`);
if (values.tally) for (const [what, count] of [...tally].sort()) console.log(`${String(count).padStart(8)}  ${what}`);
if (failure) {
  console.error(failure);
  process.exitCode = 1;
}
