import { campaign, secondsSince, SEED } from "../campaign.ts";
import { simulateDrops } from "./drops/simulate-drops.ts";
import { simulate } from "./simulation.ts";

export default campaign({
  summary:
    "random histories of commands on the till with an in-memory store, of the whole shop and of single drops, compared with models; a failing history is shrunk",
  options: {
    seed: SEED,
    steps: { type: "number", default: 100_000, help: "number of commands of each kind" },
    only: { type: "text", default: "shop,drops", help: "which of the two to simulate" },
    outcomes: { type: "flag", help: "print the number of outcomes of each kind" },
  },
  async run({ seed, steps, only, outcomes }) {
    const parts = only.split(",");
    const results: boolean[] = [];
    for (const [name, run] of Object.entries({ shop: simulate, drops: simulateDrops })) {
      if (!parts.includes(name)) continue;
      const startedAt = performance.now();
      const { commands, rounds, tally, failure } = await run({ seed, steps });
      const perSecond = Math.round((commands * 1000) / (performance.now() - startedAt));
      console.log(`${name}, seed ${seed}: ${commands} commands in ${rounds} rounds, ${secondsSince(startedAt)}, ${perSecond} commands/s`);
      if (outcomes) for (const [outcome, count] of [...tally].sort()) console.log(`${String(count).padStart(8)}  ${outcome}`);
      if (failure) console.error(failure);
      results.push(failure === undefined);
    }
    if (results.length === 0) throw new Error("--only takes shop and drops");
    return results.every(Boolean);
  },
});
