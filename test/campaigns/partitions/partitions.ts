// Runs on the host `client` of a lab: servers, shops, buyers and faults, one after the other. At the end, the shop's orders are compared
// with the answers that the buyers got.

import { setTimeout as pause } from "node:timers/promises";
import { Load } from "../../support/load.ts";
import { random } from "../../support/random.ts";
import { Client, good } from "../../support/shop.ts";
import { type Verification, verifyLoad } from "../../support/verification.ts";
import { type Fault, ISOLATED_WITH_CLIENTS, KILLS, PARTITIONS, type Scene, schedule } from "./faults.ts";
import { Lab } from "./lab.ts";
import { Scarce } from "./scarce.ts";
import { type Mode, Servers, TIMES } from "./servers.ts";
import { Shops } from "./shops.ts";
import { type Acknowledged, type Testimony, Witness } from "./witness.ts";

export const HOSTS = ["etcd1", "etcd2", "etcd3", "pg1", "pg2", "pg3", "haproxy", "shop1", "shop2", "client"] as const;

export type Plan = {
  mode: Mode;
  /** How the shops find the primary. */
  through: "haproxy" | "hosts";
  seed: number;
  partitions: number;
  kills: number;
  /** Only the fault that loses orders in asynchronous mode. */
  control: boolean;
  /** Only faults whose names contain this. */
  only: string;
  perSecond: number;
  /** The program. */
  patroni: string;
  /** Further time that each long fault lasts. */
  furtherMs: number;
};

export type Phase = {
  name: string;
  kind: Fault["kind"];
  acknowledged: number;
  longestPauseMs: number;
  databasePauseMs: number;
  twoPrimariesMs: number;
  rebuilt: number;
};

export type Report = {
  plan: Plan;
  phases: Phase[];
  /** Faults after which the shop or a server did not go on. */
  stalls: string[];
  verification: Verification;
  testimony: Omit<Testimony, "lost"> & { lost: number };
  /** Keys whose repeat got another order, although the order is there. */
  untruths: string[];
  offers: number;
  offerFaults: string[];
  balanceFaults: string[];
  violations: unknown[];
  crashes: string[];
  failovers: number;
};

const BUYERS = 12;
const AFTER_FAULT = 20;
/** Patroni notices within its ttl, then promotes, and HAProxy checks. */
const LONG_MS = (TIMES.ttl + 7) * 1000;
const SHORT_MS = 8000;
const RECOVERS_WITHIN_MS = 180_000;
/** A standby that does not stream after this time is made anew. */
const WHOLE_WITHIN_MS = 60_000;
const REPEATED_KEYS = 3000;
const EVERY_MS = 300;
const BEAT_MS = 3000;

export async function testPartitions(lab: Lab, plan: Plan, log: (line: string) => void): Promise<Report> {
  const rng = random(plan.seed);
  const servers = new Servers(lab, plan.mode, plan.patroni);
  await servers.start();
  const shops = new Shops(lab, ["shop1", "shop2"], { DATABASE_URL: servers.shopUrl(plan.through) });
  for (const host of shops.hosts) await shops.start(host);
  const witness = new Witness(servers);
  await witness.install();
  const acknowledged: Acknowledged[] = [];
  const operator = new Client(shops.urls[0] ?? "", "an-operator", "operator");
  const load = new Load({
    instances: () => shops.urls,
    operator,
    buyers: BUYERS,
    perSecond: plan.perSecond,
    onAcknowledged: (orderId, sentAt) => acknowledged.push({ orderId, sentAt, acknowledgedAt: Date.now() }),
  });
  await load.start();
  const scarce = new Scarce(() => shops.urls);
  await scarce.start();
  await load.more(AFTER_FAULT, RECOVERS_WITHIN_MS);
  const phases: Phase[] = [];
  const stalls: string[] = [];
  for (const fault of planned(plan, rng)) {
    try {
      const phase = await phaseOf(fault, { lab, servers, shops, rng }, { load, scarce, witness }, plan.furtherMs);
      phases.push(phase);
      log(
        `${phases.length} ${phase.name}: ${phase.acknowledged} acknowledged, longest pause ${phase.longestPauseMs} ms, of the database ${phase.databasePauseMs} ms`,
      );
    } catch (error) {
      stalls.push(`${fault.name}: ${(error as Error).message}`);
      log(stalls.at(-1) ?? "");
      break; // The judgment follows all the same.
    }
  }
  await servers.healthy(undefined, RECOVERS_WITHIN_MS).catch(({ message }: Error) => stalls.push(message));
  await load.stop();
  const verification = await verifyLoad(servers.url, load);
  const testimony = await witness.judge(acknowledged);
  const balanceFaults = plan.mode === "synchronous" ? await checkBalances(operator, load) : [];
  const untruths = await repeatKeys(load, new Set(testimony.lost));
  return {
    plan,
    phases,
    stalls,
    verification,
    testimony: { ...testimony, lost: testimony.lost.length },
    untruths,
    offers: scarce.offers,
    offerFaults: await scarce.faults(),
    balanceFaults,
    violations: good(await operator.get("/admin/audit"), 200).violations,
    crashes: shops.crashes,
    failovers: Math.max(...(await servers.members()).map(({ timeline }) => timeline)) - 1,
  };
}

function planned({ partitions, kills, control, only }: Plan, rng: Scene["rng"]): Fault[] {
  if (control) return Array.from({ length: partitions }, () => ISOLATED_WITH_CLIENTS);
  const among = (faults: Fault[]): Fault[] => faults.filter(({ name }) => name.includes(only));
  const all = [...schedule(rng, among(PARTITIONS), partitions), ...schedule(rng, among(KILLS), kills)];
  return schedule(rng, all, all.length);
}

type Observers = { load: Load; scarce: Scarce; witness: Witness };

/** One fault, from its injection until orders are accepted again and all members are back. */
async function phaseOf(fault: Fault, scene: Scene, { load, scarce, witness }: Observers, furtherMs: number): Promise<Phase> {
  const { lab, servers, rng } = scene;
  load.lap();
  const stopWatching = watch(servers, witness);
  const stopBeating = beat(servers);
  const repair = await fault.inject(scene);
  const offer = scarce.offer();
  offer.catch(() => {}); // Awaited below.
  await pause((fault.long ? LONG_MS + furtherMs : SHORT_MS) + rng.below(3000));
  lab.heal();
  await repair();
  // If no standby streams any more, no order is accepted until an operator makes one anew.
  const stuck = await load.more(AFTER_FAULT, WHOLE_WITHIN_MS).then(
    () => [],
    () => servers.rebuild(),
  );
  if (stuck.length > 0) await load.more(AFTER_FAULT, RECOVERS_WITHIN_MS);
  await offer;
  const { acknowledged, longestPauseMs } = load.lap();
  const [twoPrimariesMs, databasePauseMs] = await Promise.all([stopWatching(), stopBeating()]);
  const late = await servers.healthy(undefined, WHOLE_WITHIN_MS).then(
    () => [],
    () => servers.rebuild(),
  );
  if (late.length > 0) await servers.healthy(undefined, RECOVERS_WITHIN_MS);
  return {
    name: fault.name,
    kind: fault.kind,
    acknowledged,
    longestPauseMs: Math.round(longestPauseMs),
    databasePauseMs,
    twoPrimariesMs,
    rebuilt: stuck.length + late.length,
  };
}

/** Asks all members again and again. Returns a function that tells for how long two of them took writes. */
function watch(servers: Servers, witness: Witness): () => Promise<number> {
  let twoMs = 0;
  let last = performance.now();
  const stop = again(async () => {
    const primaries = (await servers.members()).filter(({ isPrimary }) => isPrimary).length;
    const now = performance.now();
    if (primaries > 1) twoMs += now - last;
    last = now;
    await witness.ask();
  });
  return async () => {
    await stop();
    return Math.round(twoMs);
  };
}

/** Writes through HAProxy on new connections, without a shop. Returns a function that tells the longest pause between two writes. */
function beat(servers: Servers): () => Promise<number> {
  let longestMs = 0;
  let last = performance.now();
  const note = (): void => {
    longestMs = Math.max(longestMs, performance.now() - last);
  };
  const stop = again(async () => {
    await servers.query("INSERT INTO beat DEFAULT VALUES", "jangnal", [], BEAT_MS);
    note();
    last = performance.now();
  });
  return async () => {
    await stop();
    note();
    return Math.round(longestMs);
  };
}

/** Repeats work that may fail, until the returned function is called. */
function again(work: () => Promise<void>): () => Promise<void> {
  let goesOn = true;
  const done = (async () => {
    for (; goesOn; await pause(EVERY_MS)) await work().catch(() => {});
  })();
  return () => {
    goesOn = false;
    return done;
  };
}

/** Each order costs 1. */
async function checkBalances(operator: Client, load: Load): Promise<string[]> {
  const found: string[] = [];
  for (const userId of load.userIds) {
    const { balance } = good(await operator.get(`/users/${userId}/balance`), 200) as { balance: number };
    const orders = await countOrders(operator, userId);
    if (balance !== 100_000_000 - orders) found.push(`user ${userId} has ${balance} after ${orders} orders`);
  }
  return found;
}

async function countOrders(operator: Client, userId: string): Promise<number> {
  let count = 0;
  for (let cursor = ""; ;) {
    const { orders, nextCursor } = good(await operator.get(`/users/${userId}/orders?limit=100${cursor}`), 200) as {
      orders: unknown[];
      nextCursor: string | null;
    };
    count += orders.length;
    if (!nextCursor) return count;
    cursor = `&cursor=${encodeURIComponent(nextCursor)}`;
  }
}

/** Repeats requests under their keys. @param lost orders that are missing: their keys may get new ones */
async function repeatKeys(load: Load, lost: ReadonlySet<string>): Promise<string[]> {
  const untruths: string[] = [];
  for (const [key, { orderId }] of [...load.acknowledged].slice(-REPEATED_KEYS)) {
    const { token } = new Client("http://unused", key.split("/")[0] ?? "", "shopper");
    const body = { orderItems: [{ productId: load.productId, quantity: 1 }] };
    const response = await load.client.send({ method: "POST", path: "/orders", body, key, token });
    if (response.body.orderId !== orderId && !lost.has(orderId)) untruths.push(`key ${key} named order ${orderId}, and now ${response.text}`);
  }
  return untruths;
}
