// Cuts the power of a shop with its embedded database under load, again and again. Each start finds the data that was synced, and by
// chance parts of the rest. At the end, all data is verified.

import { random } from "../../support/random.ts";
import { Clients } from "../../support/clients.ts";
import { type Verification, verifyClients } from "../../support/verification.ts";
import { Sandbox } from "../crash/sandbox.ts";
import { settled } from "../crash/settled.ts";
import { LossyDisk } from "./lossy-disk.ts";

export type PowerReport = {
  cuts: number;
  retries: number;
  violations: unknown[];
  differences: unknown[];
  verification: Verification;
};

/** The share of the data that was not synced which a cut keeps, in percent. */
const KEPT = [0, 10, 50, 90, 100];
const RESPONSES_BEFORE_A_CUT = 60;

/** `of`: a shop with its embedded database loses power, or only the server of its database does. */
export type Victim = "shop" | "database";
type PowerOptions = { seed: number; cuts: number; of?: Victim; clients?: number; onCut?: (cut: number) => void };

/** Errors: if the disk cannot be mounted here, or the shop does not start after a cut. */
export async function testPowerCuts({ seed, cuts, of = "shop", clients: count = 16, onCut = () => {} }: PowerOptions): Promise<PowerReport> {
  const rng = random(seed);
  await using cleanUp = new AsyncDisposableStack();
  const disk = await LossyDisk.mount();
  cleanUp.defer(() => disk.unmount());
  const sandbox = await (of === "shop" ? embedded(disk) : external(disk));
  cleanUp.defer(() => sandbox.remove());
  // A request that a cut interrupts is repeated as soon as the shop is open again: earlier attempts would only take time from its start.
  let isUp = true;
  const clients = new Clients(sandbox.url, seed, () => isUp);
  cleanUp.defer(() => clients.client.giveUp());
  const violations: unknown[] = [];
  await sandbox.open();
  await clients.start(count);
  for (let cut = 1; cut <= cuts; cut++) {
    await clients.more(1 + rng.below(RESPONSES_BEFORE_A_CUT));
    const lose = async (): Promise<void> => {
      isUp = false;
      await disk.cut(seed + cut, rng.pick(KEPT));
    };
    if (of === "shop") {
      const end = await sandbox.ended(0);
      if (end !== undefined) throw new Error(`before cut ${cut} the shop had ended by itself: ${end}`);
      await sandbox.killBoth(true);
      await lose();
      await sandbox.open();
    } else await sandbox.cutDatabase(lose);
    isUp = true;
    violations.push(...(await sandbox.audit()));
    onCut(cut);
  }
  await clients.stop();
  violations.push(...(await sandbox.audit()));
  const differences = await settled(sandbox.url);
  const verification = await verifyClients(sandbox.url, clients, { databaseUrl: sandbox.databaseUrl, path: sandbox.eventsFile });
  return { cuts, retries: clients.client.retryCount, violations, differences, verification };
}

/**
 * The control: one cut after the disk has begun to lie about fsync. Returns the loss that is found, or undefined. Without a loss in
 * most runs, the cuts prove nothing.
 */
export async function loseOnALyingDisk(seed: number): Promise<string | undefined> {
  await using cleanUp = new AsyncDisposableStack();
  const disk = await LossyDisk.mount();
  cleanUp.defer(() => disk.unmount());
  const sandbox = await embedded(disk);
  cleanUp.defer(() => sandbox.remove());
  const clients = new Clients(sandbox.url, seed);
  cleanUp.defer(() => clients.client.giveUp());
  await sandbox.open();
  await clients.start(8);
  await clients.more(RESPONSES_BEFORE_A_CUT);
  await disk.lie();
  await clients.more(RESPONSES_BEFORE_A_CUT);
  const acknowledged = clients.acknowledged.filter(({ status, request }) => status === 201 && request.path === "/orders");
  await sandbox.killBoth(true);
  await disk.cut(seed, 0);
  try {
    await sandbox.open();
  } catch (error) {
    return `the shop does not start: ${(error as Error).message.slice(0, 200)}`;
  }
  const kept = new Set((await sandbox.rows<{ id: string }>("SELECT id FROM orders")).map(({ id }) => id));
  const lost = acknowledged.filter(({ text }) => !kept.has((JSON.parse(text) as { orderId: string }).orderId));
  await clients.stop();
  return lost.length === 0 ? undefined : `${lost.length} of ${acknowledged.length} acknowledged orders are missing`;
}

/** Only the database is on the disk; the shop has a disk of its own. */
async function external(disk: LossyDisk): Promise<Sandbox> {
  const sandbox = await Sandbox.create();
  sandbox.databaseFolder = disk.folder;
  sandbox.reportsPoints = false;
  return sandbox;
}

async function embedded(disk: LossyDisk): Promise<Sandbox> {
  const sandbox = await Sandbox.create(1, disk.folder);
  sandbox.isEmbedded = true;
  sandbox.reportsPoints = false;
  return sandbox;
}
