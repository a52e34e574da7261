import { campaign, SEED } from "../campaign.ts";
import { type CrashReport, crashTest, KINDS_WITH_WORKERS } from "./crash.ts";
import { crashFirstStart } from "./first-start.ts";
import { inPart } from "./kill-points.ts";

const MOST_FAULTS_PRINTED = 50;

export default campaign({
  summary: "SIGKILL of the shop, its database or both, at every kill point and at random moments, under load; then all data is verified",
  options: {
    seed: SEED,
    rounds: { type: "number", help: "number of kills (default: until every kill point was hit)" },
    part: { type: "text", default: "1/1", help: "a share of the kill points, such as 1/8" },
    clients: { type: "number", default: 16, help: "number of clients" },
    "drop-clients": { type: "number", default: 8, help: "number of clients at drops" },
    workers: { type: "number", default: 1, help: "number of workers; with more than one, they and their till are killed too" },
    kinds: {
      type: "text",
      default: "",
      help: "kills of these processes only, such as till,worker, at random moments (default: all, and at kill points)",
    },
  },
  hasHistory: true,
  async run({ seed, rounds, part: share, clients, "drop-clients": dropClients, workers, kinds: names }) {
    const [part = 1, of = 1] = share.split("/").map(Number);
    console.log(`seed ${seed}, part ${part} of ${of}`);
    const kinds = KINDS_WITH_WORKERS.filter((kind) => names.split(",").includes(kind));
    const first = rounds === undefined && part === 1 && workers === 1 ? await crashFirstStart() : { killPoints: [], violations: [] };
    const report = await crashTest({
      seed,
      ...(rounds === undefined ? {} : { rounds }),
      clients,
      dropClients,
      workers,
      ...(kinds.length > 0 ? { kinds, isIncluded: () => false } : { isIncluded: inPart(part, of) }),
      onRound: (round, end) => console.error(`${String(round).padStart(4)} ${end}`),
    });
    return print(report, first, rounds === undefined);
  },
});

/** Returns whether there was no fault. */
function print(report: CrashReport, first: Pick<CrashReport, "killPoints" | "violations">, wantsAll: boolean): boolean {
  const killPoints = [...first.killPoints, ...report.killPoints];
  const { acknowledged, orders, events, lost, duplicated, undelivered, outOfOrder } = report.verification;
  const violations = [...first.violations, ...report.violations];
  const neverHit = wantsAll ? killPoints.filter(([, hits]) => hits === 0) : [];
  for (const [point, hits] of killPoints) console.log(`${String(hits).padStart(5)}  ${point}`);
  for (const fault of [...lost, ...duplicated, ...undelivered, ...outOfOrder, ...violations, ...report.differences].slice(0, MOST_FAULTS_PRINTED))
    console.log(typeof fault === "string" ? fault : JSON.stringify(fault));
  const recoveries = Object.entries(report.recoveries).map(([kind, ms]) => `${kind} at most ${(ms / 1000).toFixed(1)} s`);
  const kills = Object.entries(report.kills).map(([kind, count]) => `${kind} ${count}`);
  console.log(
    [
      `rounds        ${report.rounds + first.killPoints.length}`,
      `kills         ${kills.join(", ")}, during migrations ${first.killPoints.length}`,
      ...(report.kills.till + report.kills.worker > 0 ? [`recovery      ${recoveries.join(", ")}`] : []),
      `kill points   ${killPoints.length}, never hit ${neverHit.length}`,
      `acknowledged  ${acknowledged} responses, ${orders} orders, ${events} events; retries ${report.retries}`,
      `drops         ${report.drops} with ${report.entries} entries`,
      `lost          ${lost.length}`,
      `duplicated    ${duplicated.length}`,
      `events        ${undelivered.length} undelivered, ${outOfOrder.length} out of order`,
      `audit         ${violations.length} violations in ${report.audits} audits`,
      `gateway       ${report.differences.length} differences`,
    ].join("\n"),
  );
  return [lost, duplicated, undelivered, outOfOrder, violations, report.differences, neverHit].every(({ length }) => length === 0);
}
