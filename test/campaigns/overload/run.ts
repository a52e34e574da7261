/**
 * `npm run overload [-- --seconds N --times M --lines L]`: ten times what the shop can serve, for a minute. Prints what came of it, and ends
 * with 1 where anything acknowledged is lost, anybody was told anything but 201 or BUSY with Retry-After, or the shop does not hold its memory.
 */
import { parseArgs } from "node:util";
import { overload } from "./overload.ts";
import { tableOf, wrongIn } from "./table.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    times: { type: "string", default: "10" },
    lines: { type: "string", default: "50" },
  },
});
const report = await overload({ seconds: Number(values.seconds), times: Number(values.times), lines: Number(values.lines) });
console.log(tableOf(report));
const wrong = wrongIn(report);
for (const one of wrong) console.error(one);
process.exit(wrong.length > 0 ? 1 : 0);
