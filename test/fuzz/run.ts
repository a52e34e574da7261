// `npm run fuzz -- --seed N --runs M`: M draws of up to six requests at once.

import { parseArgs } from "node:util";
import { withTestServer } from "../support/test-server.ts";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({ options: { seed: { type: "string" }, runs: { type: "string" }, path: { type: "string" } } });
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);

await withTestServer(async () => {
  const startedAt = performance.now();
  const { requests, tally, operations } = await fuzz({ seed, runs: Number(values.runs ?? 5000), path: values.path });
  const byStatus = Map.groupBy(tally, ([answer]) => answer.split(" ")[1]);
  const counts = [...byStatus].sort().map(([status, all]) => `${all.reduce((sum, [, count]) => sum + count, 0)} × ${status}`);
  const never = operations.filter((operation) => !tally.keys().some((answer) => answer.startsWith(`${operation} 2`)));
  console.log(
    `seed ${seed}: ${requests} requests to ${operations.length} operations in ${Math.round((performance.now() - startedAt) / 1000)} s: ${counts.join(", ")}`,
  );
  console.log(`Never answered with success: ${never.join(", ") || "none"}.`);
});
