// Lets the disk under a shop with its embedded database fail while clients use every operation: full, and broken. A supervisor starts
// the shop again whenever it ends. When the disk works again, everything acknowledged must be there, without a repair by hand.

import { setTimeout as pause } from "node:timers/promises";
import { Clients } from "../../support/clients.ts";
import { type Verification, verifyClients } from "../../support/verification.ts";
import { Sandbox } from "../crash/sandbox.ts";
import { settled } from "../crash/settled.ts";
import { type DiskError, LossyDisk } from "./lossy-disk.ts";

type DiskFault = { name: string; call: "write" | "fsync"; error: DiskError; prefix: string };

const PLACES = [
  { place: "the write-ahead log", prefix: "postgres/pg_wal" },
  { place: "the tables", prefix: "postgres/base" },
  { place: "the event file", prefix: "events.ndjson" },
];
export const DISK_FAULTS: readonly DiskFault[] = PLACES.flatMap(({ place, prefix }) => [
  { name: `${place}: the disk is full`, call: "write", error: "ENOSPC", prefix },
  { name: `${place}: writes fail`, call: "write", error: "EIO", prefix },
  { name: `${place}: fsync fails`, call: "fsync", error: "EIO", prefix },
]);

const FAULT_MS = 3000;
/** Responses before each fault, and after it. */
const RESPONSES = 30;
const DECISIONS_TO_RETRY = new Set(["BUSY", "UNAVAILABLE", "IDEMPOTENCY_IN_PROGRESS"]);

export type DiskErrorReport = {
  faults: number;
  /** Faults that no call ran into. */
  unnoticed: string[];
  /** How often the shop ended and was started again. */
  restarts: number;
  /** Starts that failed while the disk was failing. */
  failedStarts: number;
  /** Problems that clients got and that are neither decisions nor a request to come back later. */
  wrongAnswers: string[];
  violations: unknown[];
  differences: unknown[];
  verification: Verification;
};

type DiskErrorOptions = {
  seed: number;
  faults?: readonly DiskFault[];
  clients?: number;
  onFault?: (name: string, failed: number, restarts: number) => void;
};

/** Errors: if the disk cannot be mounted here, or the shop does not start on a disk that works again. */
export async function testDiskErrors(options: DiskErrorOptions): Promise<DiskErrorReport> {
  const { seed, faults = DISK_FAULTS, clients: count = 8, onFault = () => {} } = options;
  await using cleanUp = new AsyncDisposableStack();
  const disk = await LossyDisk.mount();
  cleanUp.defer(() => disk.unmount());
  const sandbox = await Sandbox.create(1, disk.folder);
  sandbox.isEmbedded = true;
  cleanUp.defer(() => sandbox.remove());
  const clients = new Clients(sandbox.url, seed);
  cleanUp.defer(() => clients.client.giveUp());
  const report = { restarts: 0, failedStarts: 0 };
  const unnoticed: string[] = [];
  await sandbox.open();
  await clients.start(count);
  for (const { name, call, error, prefix } of faults) {
    await clients.more(RESPONSES);
    const before = report.restarts;
    await disk.fail(call, error, prefix);
    await supervise(sandbox, report, async () => void (await Promise.all([pause(FAULT_MS), sandbox.checkpoint()])));
    const failed = await disk.heal();
    if (failed === 0) unnoticed.push(name);
    await supervise(sandbox, report, async () => void (await clients.more(RESPONSES)));
    onFault(name, failed, report.restarts - before);
  }
  await supervise(sandbox, report, () => clients.stop());
  const violations = await sandbox.audit();
  const differences = await settled(sandbox.url);
  const verification = await verifyClients(sandbox.url, clients, { databaseUrl: sandbox.databaseUrl, path: sandbox.eventsFile });
  const wrongAnswers = [...clients.client.retries.byCode.keys()].filter((code) => !DECISIONS_TO_RETRY.has(code));
  return { faults: faults.length, unnoticed, ...report, wrongAnswers, violations, differences, verification };
}

/** The first start on a full disk. Returns its error, after a start with room has succeeded. */
export async function startOnAFullDisk(): Promise<string> {
  await using cleanUp = new AsyncDisposableStack();
  const disk = await LossyDisk.mount();
  cleanUp.defer(() => disk.unmount());
  const sandbox = await Sandbox.create(1, disk.folder);
  sandbox.isEmbedded = true;
  cleanUp.defer(() => sandbox.remove());
  await disk.fail("write", "ENOSPC", "");
  const failed = await sandbox.open().then(
    () => new Error("the shop started"),
    (error: Error) => error,
  );
  await disk.heal();
  await sandbox.open();
  return failed.message;
}

/** Starts the shop again whenever it ends, as a service manager does, until the work is done. */
async function supervise(sandbox: Sandbox, report: { restarts: number; failedStarts: number }, work: () => Promise<void>): Promise<void> {
  let done = false;
  const working = work().finally(() => (done = true));
  while (!done) {
    const end = await Promise.race([sandbox.ended(1000), working.then(() => undefined)]);
    if (end === undefined) continue;
    try {
      await sandbox.open();
      report.restarts++;
    } catch {
      report.failedStarts++;
      await pause(200);
    }
  }
  await working;
}
