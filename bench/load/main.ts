// The load generator's process: receives plans from the bench and sends back their results.

import type { Plan } from "./plan.ts";
import { send } from "./sockets.ts";

process.on("message", (plan: Plan) => {
  send(plan).then(
    (loaded) => process.send?.(loaded),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
process.on("disconnect", () => process.exit());
