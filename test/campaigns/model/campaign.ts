import { campaign, secondsSince, SEED } from "../campaign.ts";
import { model } from "./model.ts";

export default campaign({
  summary:
    "random sequences of requests over HTTP to two instances, of one process or of several workers each, each response compared with the simulation's model",
  options: {
    seed: SEED,
    runs: { type: "number", default: 100, help: "number of sequences" },
    length: { type: "number", default: 100, help: "most commands of a sequence" },
    workers: { type: "number", default: 1, help: "number of workers of each instance" },
  },
  needsServer: true,
  hasHistory: true,
  async run({ seed, runs, length, workers }) {
    process.env["TEST_WORKERS"] = String(workers);
    const startedAt = performance.now();
    const { sequences, requests, tally } = await model({ seed, runs, length });
    console.log(`seed ${seed}: ${sequences} sequences, ${requests} requests in ${secondsSince(startedAt)}; all responses equal the model's`);
    for (const [response, count] of [...tally].sort()) console.log(`  ${response}: ${count}`);
    return true;
  },
});
