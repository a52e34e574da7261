import { campaign, secondsSince } from "../campaign.ts";
import { raceOperations } from "./race-operations.ts";

export default campaign({
  summary: "every operation that changes data, sent in many concurrent copies to two instances, with 0 and 100 ms of latency to PostgreSQL",
  options: {
    copies: { type: "number", default: 20, help: "copies of each request" },
    rounds: { type: "number", default: 5, help: "number of repetitions" },
  },
  needsServer: true,
  hasHistory: true,
  async run({ copies, rounds }) {
    for (let round = 1; round <= rounds; round++)
      for (const latencyMs of [0, 100]) {
        const startedAt = performance.now();
        const requests = await raceOperations({ copies, latencyMs });
        console.log(
          `round ${round}, ${latencyMs} ms: ${requests} requests in ${secondsSince(startedAt)}; every operation took effect as often as allowed`,
        );
      }
    return true;
  },
});
