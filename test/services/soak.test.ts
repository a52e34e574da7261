// A short soak test, and its controls: a leak that the harness plants must be found. `npm run campaign -- soak` runs an hour.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Leak } from "../campaigns/soak/arrangement.ts";
import { judge } from "../campaigns/soak/judge.ts";
import { seriesOf } from "../campaigns/soak/series.ts";
import { soak, type SoakOptions } from "../campaigns/soak/soak.ts";

const SHORT: SoakOptions = { seed: 1, minutes: 1, everyMs: 1000, sessionsPerSecond: 3, users: 200, autovacuumSeconds: 5 };
const TIMEOUT_MS = 1_800_000;
/** On a busy machine a sink may lag for a while, and an event loop too. */
const OF_THE_MACHINE = /^(events that wait|event loop delay)/;

async function growing(leak?: Leak): Promise<{ grows: string[]; findings: string[] }> {
  const run = await soak({ ...SHORT, leak });
  const verdicts = seriesOf(run.samples, run.probes).map((series) => judge(series, run));
  const grows = verdicts.filter(({ name, verdict }) => verdict === "grows" && !OF_THE_MACHINE.test(name)).map(({ name }) => name);
  return { grows, findings: run.findings };
}

test("a minute of steady traffic at a shop with all its parts leaves no growth, and a clean audit", { timeout: TIMEOUT_MS }, async () => {
  assert.deepEqual(await growing(), { grows: [], findings: [] });
});

test("a planted leak of file descriptors is found", { timeout: TIMEOUT_MS }, async () => {
  const { grows } = await growing("descriptor");
  assert.ok(
    grows.some((name) => name.startsWith("file descriptors, worker")),
    grows.join(", "),
  );
});

test("a transaction that stays open, so that dead rows can't be vacuumed, is found", { timeout: TIMEOUT_MS }, async () => {
  const { grows } = await growing("transaction");
  assert.ok(grows.includes("age of the oldest snapshot"), grows.join(", "));
});
