import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { campaign, secondsSince } from "../campaign.ts";
import { MUTATIONS } from "./list.ts";
import { updateResult } from "./table.ts";
import { tryMutations } from "./try-mutations.ts";

const RESULT = join(import.meta.dirname, "result.md");

export default campaign({
  summary: "applies each mutation of the list in turn and runs the tests that must fail; fails if a mutation survives",
  options: {
    part: { type: "text", default: "1/1", help: "a share of the list: 3/20 is every twentieth mutation from the third" },
    only: { type: "text", default: "", help: "only mutations with this text in their sentence, source file or test file" },
    concurrency: { type: "number", default: availableParallelism(), help: "mutations at a time, each in its own work tree" },
    write: { type: "flag", help: "update test/campaigns/mutations/result.md, keeping the rows of other mutations" },
  },
  async run({ part, only, concurrency, write }) {
    const [index = 0, of = 0] = part.split("/").map(Number);
    if (!(index >= 1 && index <= of)) throw new Error(`--part must be like 1/20, not ${part}`);
    const selected = MUTATIONS.filter((_, i) => i % of === index - 1).filter(({ what, red, edits }) =>
      `${what} ${red.file} ${edits[0]?.file}`.includes(only),
    );
    const startedAt = performance.now();
    const { results, commit } = await tryMutations(selected, concurrency);
    const notKilled = results.filter(({ outcome }) => outcome !== "killed");
    for (const { mutation, outcome, test } of notKilled) console.log(`\n${mutation.what}: ${outcome}${test === "" ? "" : ` (${test})`}`);
    console.log(`\n${results.length} of ${MUTATIONS.length} mutations tried in ${secondsSince(startedAt)}; not killed: ${notKilled.length}`);
    if (write) writeFileSync(RESULT, updateResult(existsSync(RESULT) ? readFileSync(RESULT, "utf8") : "", results, commit));
    return notKilled.length === 0;
  },
});
