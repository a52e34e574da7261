import { FIXTURES } from "../../../bench/support/fixtures.ts";
import { campaign } from "../campaign.ts";
import { expectedLines, type ExportRun, exportsOf } from "./export-memory.ts";

/** V8 collects garbage when it suits, so equal work may differ by this much. */
const NOISE_MB = 30;

export default campaign({
  summary: "exports orders and ledger of a small and of a large database; the peak memory must be the same, and no line may be missing",
  options: {
    few: { type: "number", default: 100_000, help: "orders of the small database" },
    many: { type: "number", default: 1_000_000, help: "orders of the large database" },
  },
  needsServer: true,
  async run({ few, many }) {
    for (const orders of [few, many])
      if (orders % FIXTURES.users !== 0) throw new Error(`give numbers of orders that are multiples of ${FIXTURES.users}`);
    const small = await exportsOf(few);
    const large = await exportsOf(many);
    console.log(tableOf([...small, ...large]));
    const faults = [...small, ...large].flatMap((run) => {
      const expected = expectedLines(run);
      return run.lines === expected ? [] : [`${run.name} as ${run.format}: ${run.lines} lines instead of ${expected}`];
    });
    for (const [i, { name, format, peakMb }] of large.entries()) {
      const before = (small[i] as ExportRun).peakMb;
      if (peakMb > before + NOISE_MB) faults.push(`${name} as ${format}: the peak grew from ${before} to ${peakMb} MB`);
    }
    for (const fault of faults) console.error(fault);
    return faults.length === 0;
  },
});

function tableOf(runs: ExportRun[]): string {
  return [
    "| Export | Orders | Lines | Output | Peak memory | Time |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...runs.map(
      ({ name, format, orders, lines, mb, peakMb, seconds }) =>
        `| ${name}, ${format} | ${orders.toLocaleString("en")} | ${lines.toLocaleString("en")} | ${mb} MB | ${peakMb} MB | ${seconds.toFixed(0)} s |`,
    ),
  ].join("\n");
}
