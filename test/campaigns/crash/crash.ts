// Kills a shop under load again and again with SIGKILL, at a kill point or at a random moment, alone or with its database, or kills
// only the database. Each run of the shop starts on the data that the previous run has left. At the end, all data is verified.

import { setTimeout as pause } from "node:timers/promises";
import { random } from "../../support/random.ts";
import { Clients } from "../../support/clients.ts";
import { DropClients } from "../../support/drop-clients.ts";
import { isOfMigration, KillPoints } from "./kill-points.ts";
import { type Death, Sandbox } from "./sandbox.ts";
import { settled } from "./settled.ts";
import { type Verification, verifyClients } from "../../support/verification.ts";

export type CrashTestOptions = {
  seed: number;
  /** Number of kills; without it, until every kill point was hit. */
  rounds?: number;
  clients?: number;
  /** Number of clients at drops, beside the others. */
  dropClients?: number;
  /** With more than one, the shop is a till and these workers, which are killed too. */
  workers?: number;
  /** The processes to kill; by default all of them. */
  kinds?: readonly Kind[];
  /** Duration of the first two runs, which find the kill killPoints. */
  firstRunsMs?: number;
  /** Which kill points to use; all by default. */
  isIncluded?: (point: string) => boolean;
  onRound?: (round: number, end: string) => void;
};

const KINDS = ["shop", "database", "postmaster", "both"] as const;
export const KINDS_WITH_WORKERS = [...KINDS, "till", "worker"] as const;
type Kind = (typeof KINDS_WITH_WORKERS)[number];

export type CrashReport = {
  rounds: number;
  killPoints: [point: string, hits: number][];
  kills: Record<Kind | "at a kill point", number>;
  /** The longest time in ms from the kill of the till, or of a worker, to a response that was not on its way before. */
  recoveries: Record<"till" | "worker", number>;
  retries: number;
  drops: number;
  entries: number;
  audits: number;
  violations: unknown[];
  differences: unknown[];
  verification: Verification;
};

/** Each of the first two runs lasts until this number of responses or this time. Later runs may find further kill killPoints. */
const FIRST_RUN_RESPONSES = 1000;
const FIRST_RUN_TIMEOUT_MS = 60_000;
/** Duration of a run that does not pass its kill point. */
const RUN_MS = 4000;
/** A random kill comes within this time. */
const RANDOM_KILL_WITHIN_MS = 1500;
const BREAK_EVERY_MS = 150;
/** One of this number of kills is at a random moment. */
const RANDOM_KILL_EVERY = 6;
/** In one run, the till or a worker is killed this number of times, after this number of responses each. */
const PROCESS_KILLS = 3;
const RESPONSES_BETWEEN_KILLS = 20;

export async function crashTest({
  seed,
  rounds,
  clients: count = 16,
  dropClients: dropCount = 8,
  workers = 1,
  kinds = workers > 1 ? KINDS_WITH_WORKERS : KINDS,
  firstRunsMs = 6000,
  isIncluded = () => true,
  onRound = () => {},
}: CrashTestOptions): Promise<CrashReport> {
  const rng = random(seed);
  const sandbox = await Sandbox.create(workers);
  const killPoints = new KillPoints(sandbox.pointsFile, (point) => !isOfMigration(point) && isIncluded(point));
  const clients = new Clients(sandbox.url, seed);
  const dropClients = new DropClients(clients, sandbox.url, seed);
  const kills = { "at a kill point": 0, shop: 0, database: 0, postmaster: 0, both: 0, till: 0, worker: 0 };
  const recoveries = { till: 0, worker: 0 };
  /** One of each client, of the operator and of the jobs. */
  const inFlight = count + dropCount + 2;
  const violations: unknown[] = [];
  let started: Promise<unknown> = Promise.resolve();
  let round = 0;
  let audits = 0;

  try {
    started = Promise.all([clients.start(count), dropClients.start(dropCount)]);
    // The first two runs find the kill points.
    await runOnce("shop", undefined, false);
    await started;
    await runOnce("both", undefined, true);
    while (rounds === undefined ? !killPoints.areDone : round < rounds) {
      const death = rng.below(RANDOM_KILL_EVERY) === 0 ? undefined : killPoints.pick(rng);
      await runOnce(kinds[round % kinds.length] as Kind, death, death ? killPoints.needsBrokenConnections(death.point) : rng.chance(0.3));
    }
    await sandbox.open();
    await Promise.all([clients.stop(), dropClients.stop()]);
    await audit();
    const differences = await settled(sandbox.url);
    violations.push(...(await dropClients.verify((text, values) => sandbox.rows(text, values))));
    const verification = await verifyClients(sandbox.url, clients, { databaseUrl: sandbox.databaseUrl, path: sandbox.eventsFile });
    return {
      rounds: round,
      killPoints: killPoints.all,
      kills,
      recoveries,
      ...dropClients.counts,
      retries: clients.client.retryCount,
      audits,
      violations,
      differences,
      verification,
    };
  } finally {
    await sandbox.remove();
  }

  /** One run of the shop, on the data of the previous run, to its end. */
  async function runOnce(kind: Kind, death: Death | undefined, withBrokenConnections: boolean): Promise<void> {
    await sandbox.openDatabase();
    if (!sandbox.isEmbedded && round > 0) await audit();
    const wait = round < 2 ? firstRun : () => sandbox.ended(death ? RUN_MS : rng.below(RANDOM_KILL_WITHIN_MS));
    const opened = await sandbox.open(death);
    const ended = opened ? await whileBreaking(withBrokenConnections, wait) : "SIGKILL";
    // Without a kill point, or if the shop did not pass it, kill it now.
    const end = ended ?? (await kill(kind));
    const diedAt = killPoints.learn(death?.point, withBrokenConnections);
    if (end !== undefined && diedAt === undefined) throw new Error(`the shop ended without a kill: ${end}`);
    kills[diedAt === undefined ? kind : "at a kill point"]++;
    onRound(++round, diedAt ?? kind);
  }

  async function firstRun(): Promise<string | undefined> {
    const goal = clients.acknowledged.length + (rounds === undefined ? FIRST_RUN_RESPONSES : 0);
    const startedAt = performance.now();
    // The clients are there before the first kill: they cannot start without a shop.
    await Promise.race([started, sandbox.ended(FIRST_RUN_TIMEOUT_MS)]);
    for (let wait = firstRunsMs; ; wait = 500) {
      const end = await sandbox.ended(wait);
      if (end !== undefined || clients.acknowledged.length >= goal || performance.now() - startedAt > FIRST_RUN_TIMEOUT_MS) return end;
    }
  }

  /** Returns how the shop ended, if it died by itself: at its kill point, while it was shutting down. */
  async function kill(kind: Kind): Promise<string | undefined> {
    if (kind === "shop") await sandbox.killShop();
    else if (kind === "till" || kind === "worker") {
      for (let i = 0; i < PROCESS_KILLS; i++) {
        sandbox.killProcess(kind);
        // The process is replaced under load, and then requests are answered again.
        recoveries[kind] = Math.max(recoveries[kind], await clients.more(inFlight + 1));
        await clients.more(RESPONSES_BETWEEN_KILLS);
      }
      await sandbox.killShop();
    } else if (kind === "both") await sandbox.killBoth(rng.chance(0.4));
    else return loseDatabase({ children: kind === "database" });
    return undefined;
  }

  async function loseDatabase(processes: { children: boolean }): Promise<string | undefined> {
    await sandbox.killDatabase(processes);
    // A shop ends with an error if its embedded database is lost. With an external database, it continues until it is killed.
    const end = await sandbox.ended(sandbox.isEmbedded ? 15_000 : rng.below(RANDOM_KILL_WITHIN_MS));
    if (end === "SIGKILL") return end;
    if (sandbox.isEmbedded !== (end?.startsWith("1 ") ?? false))
      throw new Error(`after the loss of its database, the shop ${end === undefined ? "continued" : `ended with ${end}`}`);
    if (!sandbox.isEmbedded) await sandbox.killShop();
    return undefined;
  }

  async function whileBreaking<T>(withBrokenConnections: boolean, wait: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const breaking = (async () => {
      for (; withBrokenConnections && !over.signal.aborted; await pause(BREAK_EVERY_MS)) await sandbox.breakConnections();
    })();
    const end = await wait();
    over.abort();
    await breaking;
    return end;
  }

  async function audit(): Promise<void> {
    violations.push(...(await sandbox.audit()));
    audits++;
  }
}
