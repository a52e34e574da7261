import { campaign } from "../campaign.ts";
import { overload } from "./overload.ts";
import { faultsOf, tableOf } from "./table.ts";

export default campaign({
  summary:
    "more orders per second than the shop can serve; every client must get 201 or BUSY with Retry-After, and no acknowledged order may be lost",
  options: {
    seconds: { type: "number", default: 60, help: "duration of the overload" },
    times: { type: "number", default: 10, help: "arrivals as a multiple of the measured capacity" },
    items: { type: "number", default: 50, help: "line items per order" },
  },
  hasHistory: true,
  async run({ seconds, times, items }) {
    const report = await overload({ seconds, times, items });
    console.log(tableOf(report));
    const faults = faultsOf(report);
    for (const fault of faults) console.error(fault);
    return faults.length === 0;
  },
});
