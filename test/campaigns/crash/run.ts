/**
 * `npm run torture [-- --seed N] [--rounds M | --part 1/8] [--customers K]`: kills the shop, its database and both, again and again, at every point at which
 * it meets the world and at any moment, under load, and holds what is left against what its customers were told. Without `--rounds` it goes
 * on until the shop has died at every point, or at every one of a part of them. Ends with 1 where anything was lost or done twice, where `audit` or the gateway's book finds
 * anything, or where a point was never hit.
 */
import { parseArgs } from "node:util";
import { crashFirstStart } from "./first-start.ts";
import { inPart } from "./kill-points.ts";
import { crashTest } from "./crash.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
    rounds: { type: "string" },
    part: { type: "string", default: "1/1" },
    customers: { type: "string", default: "16" },
  },
});
const seed = Number(values.seed);
const [part = 1, of = 1] = values.part.split("/").map(Number);
console.log(`seed ${seed}, part ${part} of ${of}`);
const first = values.rounds === undefined && part === 1 ? await crashFirstStart() : { points: [], violations: [] };
const report = await crashTest({
  seed,
  ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
  customers: Number(values.customers),
  which: inPart(part, of),
  onRound: (round, end) => console.error(`${String(round).padStart(4)} ${end}`),
});
const points = [...first.points, ...report.points];
const { acknowledged, orders, events, lost, duplicated } = report.reckoning;
const violations = [...first.violations, ...report.violations];
const neverHit = values.rounds === undefined ? points.filter(([, hits]) => hits === 0) : [];

for (const [point, hits] of points) console.log(`${String(hits).padStart(5)}  ${point}`);
for (const wrong of [...lost, ...duplicated, ...violations, ...report.differences].slice(0, 50))
  console.log(typeof wrong === "string" ? wrong : JSON.stringify(wrong));
console.log(
  [
    `rounds        ${report.rounds + first.points.length}`,
    `kills         ${Object.entries(report.kills)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(", ")}, making the tables ${first.points.length}`,
    `points        ${points.length}, never hit ${neverHit.length}`,
    `acknowledged  ${acknowledged} answers, ${orders} orders, ${events} events; asked again ${report.askedAgain}`,
    `lost          ${lost.length}`,
    `duplicated    ${duplicated.length}`,
    `audit         ${violations.length} violations in ${report.audits} audits`,
    `gateway       ${report.differences.length} differences`,
  ].join("\n"),
);
process.exit([lost, duplicated, violations, report.differences, neverHit].some(({ length }) => length > 0) ? 1 : 0);
