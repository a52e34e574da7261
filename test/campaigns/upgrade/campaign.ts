import { campaign } from "../campaign.ts";
import { NO_FAULTS } from "../../support/verification.ts";
import { upgrade } from "./upgrade.ts";

export default campaign({
  summary: "a rolling upgrade from an earlier commit of this repository under load; no acknowledged order may be lost or executed twice",
  options: {
    from: { type: "text", help: "the earlier commit (default: the newest tag)" },
    orders: { type: "number", default: 200, help: "orders between two steps of the upgrade" },
  },
  hasHistory: true,
  async run({ from, orders }) {
    const { faults, violations, notes } = await upgrade({ from, orders });
    for (const note of notes) console.log(note);
    const found = Object.entries({ ...faults, violations }).flatMap(([what, all]) => all.map((one) => `${what}: ${JSON.stringify(one)}`));
    for (const fault of found) console.error(fault);
    return found.length === Object.values(NO_FAULTS).flat().length;
  },
});
