// The load's own process: gets plans from the bench, answers what came of them.

import type { Plan } from "./plan.ts";
import { send } from "./sockets.ts";

process.on("message", (plan: Plan) => {
  send(plan).then(
    (loaded) => process.send?.(loaded),
    (error: Error) => process.send?.({ broken: error.message }),
  );
});
process.on("disconnect", () => process.exit());
