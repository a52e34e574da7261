// `npm run model -- --seed N --runs M --length L`: M sequences of up to L commands.

import { parseArgs } from "node:util";
import { withTestServer } from "../../support/test-server.ts";
import { model } from "./model.ts";

const { values } = parseArgs({ options: { seed: { type: "string" }, runs: { type: "string" }, length: { type: "string" } } });
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);

await withTestServer(async () => {
  const startedAt = performance.now();
  const { sequences, requests, tally } = await model({ seed, runs: Number(values.runs ?? 100), length: Number(values.length ?? 100) });
  console.log(
    `seed ${seed}: ${sequences} sequences, ${requests} requests in ${Math.round((performance.now() - startedAt) / 1000)} s, each as the model says`,
  );
  for (const [what, count] of [...tally].sort()) console.log(`  ${what}: ${count}`);
});
