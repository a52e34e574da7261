// `npm run fuzz -- --seed N --runs M`: M draws of up to six requests at once. Ends with 1 also where an operation was never served.

import { parseArgs } from "node:util";
import { withTestServer } from "../../support/test-server.ts";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({ options: { seed: { type: "string" }, runs: { type: "string" }, path: { type: "string" } } });
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);

await withTestServer(async () => {
  const startedAt = performance.now();
  const { requests, tally, operations, unserved } = await fuzz({ seed, runs: Number(values.runs ?? 5000), path: values.path });
  for (const operation of operations) {
    const answers = [...tally].flatMap(([answer, count]) => (answer.startsWith(`${operation} `) ? [`${answer.split(" ")[1]} × ${count}`] : []));
    console.log(`${operation.padEnd(24)} ${answers.sort().join(", ")}`);
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`seed ${seed}: ${requests} requests to ${operations.length} operations in ${seconds} s`);
  if (unserved.length > 0) throw new Error(`Never answered with success: ${unserved.join(", ")}.`);
});
