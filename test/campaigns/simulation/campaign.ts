import { campaign, secondsSince, SEED } from "../campaign.ts";
import { simulate } from "./simulation.ts";

export default campaign({
  summary: "random histories of commands on the till with an in-memory store, compared with a model; a failing history is shrunk",
  options: {
    seed: SEED,
    steps: { type: "number", default: 100_000, help: "number of commands" },
    outcomes: { type: "flag", help: "print the number of outcomes of each kind" },
  },
  async run({ seed, steps, outcomes }) {
    const startedAt = performance.now();
    const { commands, rounds, tally, failure } = await simulate({ seed, steps });
    const perSecond = Math.round((commands * 1000) / (performance.now() - startedAt));
    console.log(`seed ${seed}: ${commands} commands in ${rounds} rounds, ${secondsSince(startedAt)}, ${perSecond} commands/s`);
    if (outcomes) for (const [outcome, count] of [...tally].sort()) console.log(`${String(count).padStart(8)}  ${outcome}`);
    if (failure) console.error(failure);
    return failure === undefined;
  },
});
