import { campaign, secondsSince, SEED } from "../campaign.ts";
import { runChaos } from "./run-chaos.ts";

export default campaign({
  summary: "card payments, charges and refunds with a faulty gateway and processes that die; afterwards the gateway's ledger must equal the shop's",
  options: {
    seed: SEED,
    runs: { type: "number", default: 2000, help: "number of runs; run N has the seed plus N, so `--runs 1` repeats one" },
  },
  needsServer: true,
  async run({ seed, runs }) {
    const startedAt = performance.now();
    const { tally, failures, violations, differences, compared } = await runChaos({ seed, runs });
    console.log(`seed ${seed}: ${runs} runs in ${secondsSince(startedAt)}, ${compared} payments compared: ${JSON.stringify(tally)}`);
    for (const failure of failures) console.error(failure);
    for (const fault of [...violations, ...differences]) console.error(JSON.stringify(fault));
    return [failures, violations, differences].every(({ length }) => length === 0);
  },
});
