import { campaign, secondsSince, SEED } from "../campaign.ts";
import { fuzz } from "./fuzz.ts";

export default campaign({
  summary:
    "valid and invalid requests to every operation of the OpenAPI document; fails if a response is undocumented or an operation never succeeds",
  options: {
    seed: SEED,
    runs: { type: "number", default: 5000, help: "number of batches of up to six concurrent requests" },
    path: { type: "text", help: "fast-check path of a failure, to repeat the shrunk requests alone" },
  },
  needsServer: true,
  async run({ seed, runs, path }) {
    const startedAt = performance.now();
    const { requests, tally, operations, unserved } = await fuzz({ seed, runs, path });
    for (const operation of operations) {
      const statuses = [...tally].flatMap(([response, count]) =>
        response.startsWith(`${operation} `) ? [`${response.split(" ")[1]} × ${count}`] : [],
      );
      console.log(`${operation.padEnd(24)} ${statuses.sort().join(", ")}`);
    }
    console.log(`seed ${seed}: ${requests} requests to ${operations.length} operations in ${secondsSince(startedAt)}`);
    if (unserved.length > 0) console.error(`operations that never succeeded: ${unserved.join(", ")}`);
    return unserved.length === 0;
  },
});
