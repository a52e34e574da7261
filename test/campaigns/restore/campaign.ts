import { campaign, SEED, secondsSince } from "../campaign.ts";
import { barmanIsMissing, type Method, type Target } from "./archive.ts";
import { type Control, restoreRun } from "./restore.ts";

const TARGETS: Target["kind"][] = ["time", "xid", "lsn"];
const CONTROLS: Control[] = ["log", "positions", "ids"];
const EXPECTED: Record<Control, RegExp> = {
  log: /ended before configured recovery target was reached/,
  positions: /was delivered and came again/,
  ids: /has the id of a lost event/,
};

export default campaign({
  summary:
    "restores PostgreSQL to a point in the middle of drops, with archive_command and with Barman, and compares keys, events, numbers and books with the history that was undone; controls with a short log, lost positions and known ids must fail",
  options: {
    method: { type: "text", default: "archive,barman", help: "how the backup is made" },
    runs: { type: "number", default: 3, help: "restores per method" },
    targets: { type: "text", default: TARGETS.join(), help: "to which kinds of point, in turn: a time, a transaction, a log position" },
    clients: { type: "number", default: 12, help: "clients of the shop, and as many of drops" },
    controls: { type: "text", default: CONTROLS.join(), help: "which controls, which must fail" },
    seed: SEED,
  },
  async run({ method, runs, targets, clients, controls, seed }) {
    const startedAt = performance.now();
    const kinds = TARGETS.filter((kind) => targets.split(",").includes(kind));
    let isRight = true;
    for (const one of method.split(",") as Method[]) {
      const missing = one === "barman" ? barmanIsMissing() : undefined;
      if (missing !== undefined) throw new Error(`--method barman ${missing}`);
      for (let i = 0; i < runs; i++) {
        const target = kinds[i % kinds.length] as Target["kind"];
        const { findings, ...counts } = await restoreRun({ seed: seed + i, method: one, target, clients });
        console.log(`${one}, ${target}, seed ${seed + i}: ${JSON.stringify(counts)}, ${findings.length} findings, ${secondsSince(startedAt)}`);
        for (const finding of findings.slice(0, 20)) console.error(finding);
        isRight &&= findings.length === 0;
      }
    }
    for (const control of CONTROLS.filter((one) => controls.split(",").includes(one))) {
      const found = await restoreRun({ seed, method: "archive", target: "lsn", clients, control }).then(
        ({ findings }) => findings,
        (error: Error) =>
          control === "log" && error.message.includes("before configured recovery target was reached") ? [error.message] : Promise.reject(error),
      );
      const expected = found.filter((one) => EXPECTED[control].test(one));
      console.log(`control ${control}: ${found.length} findings, ${expected.length} of them expected, such as: ${expected[0]}`);
      isRight &&= expected.length > 0;
    }
    return isRight;
  },
});
