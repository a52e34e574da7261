// Lives of a shop under load, each of which ends with SIGKILL: at one of the points at which it meets the world, or at any moment, alone,
// with its database, or the database without it. The next life begins on what the last one left on disk.

import { setTimeout as pause } from "node:timers/promises";
import { random } from "../../support/random.ts";
import { Client, good } from "../../support/shop.ts";
import { Clients } from "./clients.ts";
import { isOfMigration, KillPoints } from "./kill-points.ts";
import { type Death, Sandbox } from "./sandbox.ts";
import { type Verification, verify, verifyEvents } from "./verification.ts";

export type CrashTestOptions = {
  seed: number;
  /** Deaths after which it ends; without it when the shop has died at every point. */
  rounds?: number;
  customers?: number;
  /** How long the first two lives last, in which the points turn out. */
  firstLivesMs?: number;
  /** At which points it is to die; all, unless given. */
  which?: (point: string) => boolean;
  onRound?: (round: number, end: string) => void;
};

const KINDS = ["shop", "database", "postmaster", "both"] as const;
type Kind = (typeof KINDS)[number];

export type Report = {
  rounds: number;
  points: [point: string, hits: number][];
  kills: Record<Kind | "at a point", number>;
  askedAgain: number;
  audits: number;
  violations: unknown[];
  differences: unknown[];
  reckoning: Verification;
};

/** The first two lives go on until so much was answered, or so much time is over: what nobody has passed by then is not known to be there. */
const FIRST_ANSWERS = 1000;
const FIRST_LIVES_AT_MOST_MS = 60_000;
/** How long a life lasts whose point is not passed. */
const LIFE_MS = 4000;
const ANY_MOMENT_MS = 1500;
const BREAK_EVERY_MS = 150;
/** Every so many deaths one is at any moment. */
const AT_ANY_MOMENT = 6;
const SETTLED_WITHIN_MS = 60_000;

export async function crashTest({
  seed,
  rounds,
  customers: count = 16,
  firstLivesMs = 6000,
  which = () => true,
  onRound = () => {},
}: CrashTestOptions): Promise<Report> {
  const dice = random(seed);
  const premises = await Sandbox.at();
  const points = new KillPoints(premises.pointsFile, (point) => !isOfMigration(point) && which(point));
  const customers = new Clients(premises.url, seed);
  const kills = { "at a point": 0, shop: 0, database: 0, postmaster: 0, both: 0 };
  const violations: unknown[] = [];
  let round = 0;
  let audits = 0;

  try {
    const filled = customers.start(count);
    // The first two lives show which points there are.
    await live("shop", undefined, false);
    await filled;
    await live("both", undefined, true);
    while (rounds === undefined ? !points.areThrough : round < rounds) {
      const death = dice.below(AT_ANY_MOMENT) === 0 ? undefined : points.aim(dice);
      await live(dice.pick(KINDS), death, death ? points.isOnlyInTrouble(death.point) : dice.chance(0.3));
    }
    await premises.open();
    await customers.stop();
    await audit();
    const differences = await settled();
    const { lost, ...reckoned } = await verify(premises.url, customers);
    const events = await verifyEvents(premises.databaseUrl, premises.eventsFile);
    return {
      rounds: round,
      points: points.all,
      kills,
      askedAgain: customers.asker.askedAgain,
      audits,
      violations,
      differences,
      reckoning: { ...reckoned, events: events.events, lost: [...lost, ...events.lost] },
    };
  } finally {
    await premises.remove();
  }

  /** One life, on what the last one left, to its end. */
  async function live(kind: Kind, death: Death | undefined, inTrouble: boolean): Promise<void> {
    await premises.openDatabase();
    if (!premises.own && round > 0) await audit();
    const life = round < 2 ? firstLife : () => premises.ended(death ? LIFE_MS : dice.below(ANY_MOMENT_MS));
    const opened = await premises.open(death);
    const lived = opened ? await whileBreaking(inTrouble, life) : "SIGKILL";
    // Where nothing was aimed at, or what was aimed at did not come by, it dies now.
    const end = lived ?? (await kill(kind));
    const diedAt = points.learn(death?.point, inTrouble);
    if (end !== undefined && diedAt === undefined) throw new Error(`the shop ended by itself: ${end}`);
    kills[diedAt === undefined ? kind : "at a point"]++;
    onRound(++round, diedAt ?? kind);
  }

  async function firstLife(): Promise<string | undefined> {
    const answers = customers.told.length + (rounds === undefined ? FIRST_ANSWERS : 0);
    const from = performance.now();
    for (let wait = firstLivesMs; ; wait = 500) {
      const end = await premises.ended(wait);
      if (end !== undefined || customers.told.length >= answers || performance.now() - from > FIRST_LIVES_AT_MOST_MS) return end;
    }
  }

  /** Answers how the shop ended where it did by itself meanwhile: at the point that was aimed at, on its way out. */
  async function kill(kind: Kind): Promise<string | undefined> {
    if (kind === "shop") await premises.killShop();
    else if (kind === "both") await premises.killBoth(dice.chance(0.4));
    else return loseDatabase({ children: kind === "database" });
    return undefined;
  }

  async function loseDatabase(which: { children: boolean }): Promise<string | undefined> {
    await premises.killDatabase(which);
    // A shop that has lost its own database says so and ends; one whose database is apart goes on, until it is killed too.
    const end = await premises.ended(premises.own ? 15_000 : dice.below(ANY_MOMENT_MS));
    if (end === "SIGKILL") return end;
    if (premises.own !== (end?.startsWith("1 ") ?? false)) throw new Error(`the shop, when it lost its database: ${end ?? "went on"}`);
    if (!premises.own) await premises.killShop();
    return undefined;
  }

  async function whileBreaking<T>(inTrouble: boolean, life: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const breaking = (async () => {
      for (; inTrouble && !over.signal.aborted; await pause(BREAK_EVERY_MS)) await premises.breakConnections();
    })();
    const end = await life();
    over.abort();
    await breaking;
    return end;
  }

  async function audit(): Promise<void> {
    violations.push(...(await premises.audit()));
    audits++;
  }

  /** Lets the shop work off what is open, and the gateway's book be held against its own; answers in what they differ. */
  async function settled(): Promise<unknown[]> {
    const operator = new Client(premises.url, "an-operator", "operator");
    for (const deadline = Date.now() + SETTLED_WITHIN_MS; ; await pause(200)) {
      // BUSY where it is running already, or the instance that ran it died and still holds it: then it is asked again.
      for (const job of ["settle-payments", "relay-events", "aggregate-sales"]) {
        const run = await operator.post(`/admin/jobs/${job}/run`);
        if (run.status !== 503) good(run, 200);
      }
      // BUSY too while the gateway, which was made to fail, is left in peace.
      const reconciled = await operator.get("/admin/reconciliation");
      if (reconciled.status === 503 && Date.now() < deadline) continue;
      const { differences } = good(reconciled, 200) as { differences: unknown[] };
      const { events } = good(await operator.get("/admin/events?status=WAITING&limit=1"), 200) as { events: unknown[] };
      if ((differences.length === 0 && events.length === 0) || Date.now() > deadline) return differences;
    }
  }
}
