// Short versions of `npm run campaign -- partitions`. They need root and the packages that `missing` names.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { BROKER_HOSTS, type BrokerReport } from "../campaigns/partitions/brokers.ts";
import { inLab } from "../campaigns/partitions/in-lab.ts";
import { missing } from "../campaigns/partitions/lab.ts";
import { HOSTS, type Plan, type Report } from "../campaigns/partitions/partitions.ts";
import { PATRONI } from "../campaigns/partitions/servers.ts";
import { brokerFaultsIn, faultsIn } from "../campaigns/partitions/table.ts";

const PLAN: Plan = {
  mode: "synchronous",
  through: "haproxy",
  seed: 1,
  partitions: 1,
  kills: 0,
  control: false,
  only: "clients attached",
  perSecond: 20,
  patroni: PATRONI,
  furtherMs: 0,
};
const OPTIONS = { skip: missing() ?? false, timeout: 1_800_000 };

// Each has hosts of its own, so that they can run at the same time.
describe("partitions", { concurrency: true }, () => {
  test("a primary that is cut off with its clients loses no acknowledged order under synchronous replication", OPTIONS, async (t) => {
    const report = await inLab<Report>("on-client.ts", HOSTS, PLAN);
    t.diagnostic(JSON.stringify({ phases: report.phases, acknowledged: report.verification.acknowledged, failovers: report.failovers }));
    assert.deepEqual(faultsIn(report), []);
    assert.ok(report.failovers > 0, "no server took over");
  });

  // The control: if the judge finds no loss here, it proves nothing above.
  test("a primary that is cut off with its clients loses acknowledged orders under asynchronous replication", OPTIONS, async (t) => {
    const report = await inLab<Report>("on-client.ts", HOSTS, { ...PLAN, mode: "asynchronous", control: true });
    t.diagnostic(JSON.stringify({ lost: report.testimony.lost, acknowledged: report.verification.acknowledged }));
    assert.deepEqual(faultsIn(report), []);
  });

  // Why docs/operating/reliability.md asks for 3.0.3.
  test("a primary that stood still takes the leader lock back from its successor before Patroni 3.0.3, and not later", OPTIONS, () => {
    const { status, stdout, stderr } = spawnSync("/usr/bin/python3", [join(import.meta.dirname, "../campaigns/partitions/old_leader.py")], {
      encoding: "utf8",
    });
    const [, version = ""] = /^Patroni ([\d.]+): /.exec(stdout) ?? [];
    assert.notEqual(version, "", stderr);
    const isOld = version.localeCompare("3.0.3", "en", { numeric: true }) < 0;
    assert.equal(status, isOld ? 1 : 0, stdout);
  });

  test("a shop delivers each event in order and finds Redis while leaders of NATS and Redis are cut off", OPTIONS, async (t) => {
    const plan = { seed: 1, faults: 2, only: "leader cut from everything|primary cut from replica", perSecond: 20 };
    const report = await inLab<BrokerReport>("on-client.ts", BROKER_HOSTS, plan);
    t.diagnostic(JSON.stringify({ phases: report.phases, messages: report.messages, repeated: report.repeated }));
    assert.deepEqual(brokerFaultsIn(report), []);
    assert.equal(report.phases.length, plan.faults);
  });
});
