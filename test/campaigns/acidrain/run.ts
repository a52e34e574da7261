// `npm run acidrain -- --copies N --rounds M`: every attack in N copies, M times without and M times with 100 ms to the database.

import { parseArgs } from "node:util";
import { withTestServer } from "../../support/test-server.ts";
import { raceOperations } from "./race-operations.ts";

const { values } = parseArgs({ options: { copies: { type: "string" }, rounds: { type: "string" } } });
const copies = Number(values.copies ?? 20);

await withTestServer(async () => {
  for (let round = 1; round <= Number(values.rounds ?? 5); round++)
    for (const latencyMs of [0, 100]) {
      const startedAt = performance.now();
      const requests = await raceOperations({ copies, latencyMs });
      console.log(
        `round ${round}, ${latencyMs} ms: ${requests} requests in ${((performance.now() - startedAt) / 1000).toFixed(1)} s, each done as often as it may be`,
      );
    }
});
