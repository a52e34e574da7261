// Clocks that jump: that of one of two instances, and that of the database server, by libfaketime.

import { chmodSync, globSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { binary, type Cluster, newCluster, run } from "../../support/clusters.ts";
import { Load } from "../../support/load.ts";
import { serve } from "../../support/process.ts";
import { Client, good, SECRET } from "../../support/shop.ts";
import { token } from "../../support/tokens.ts";
import { faultsOf, verifyLoad } from "../../support/verification.ts";

const LIBRARY = globSync("/usr/lib/*/faketime/libfaketime.so.1").at(0);
const HOUR_S = 3600;
const WITHIN_MS = 120_000;
const HOLD_MS = 15_000;

/** Why this machine cannot move clocks, or undefined. */
export const faketimeIsMissing = (): string | undefined => (LIBRARY === undefined ? "needs libfaketime (apt-get install faketime)" : undefined);

/** A clock that processes started with `env` read. Their monotonic clocks go on as they are. */
class MovedClock {
  readonly env: Record<string, string>;
  readonly #file: string;

  constructor(folder: string, name: string) {
    this.#file = join(folder, name);
    this.set(0);
    this.env = {
      LD_PRELOAD: LIBRARY ?? "",
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DISABLE_SHM: "1",
    };
  }

  /** @param seconds ahead of the machine's clock */
  set(seconds: number): void {
    writeFileSync(`${this.#file}.new`, `${seconds < 0 ? "" : "+"}${seconds}\n`);
    chmodSync(`${this.#file}.new`, 0o644);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

type Shops = {
  cluster: Cluster;
  databaseClock: MovedClock;
  instanceClock: MovedClock;
  /** The first one has the moved clock. */
  urls: [string, string];
  /** The database's time in ms. */
  now: () => Promise<number>;
};

export type ClocksReport = { findings: string[]; notes: string[] };
type Expect = (what: string, isRight: boolean) => void;

/** Runs `work` on two instances and a database whose clocks can be moved. */
async function withShops(work: (shops: Shops, expect: Expect, note: (line: string) => void) => Promise<void>): Promise<ClocksReport> {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-clocks-"));
  chmodSync(folder, 0o755);
  const [databaseClock, instanceClock] = [new MovedClock(folder, "database"), new MovedClock(folder, "instance")];
  const cluster = await newCluster(["fsync=off"]);
  run([binary("initdb"), "-D", cluster.data, "-U", "jangnal", "-A", "trust", "-E", "UTF8", "--locale=C"], join(cluster.data, ".."));
  cluster.env = databaseClock.env;
  const instances: Awaited<ReturnType<typeof serve>>[] = [];
  const report: ClocksReport = { findings: [], notes: [] };
  try {
    await cluster.start();
    await cluster.query("CREATE DATABASE jangnal", "postgres");
    const env = { DATABASE_URL: cluster.url, BALANCE_FUNDING: "open", DEMO: "off" };
    instances.push(await serve({ ...env, DATA_DIR: join(folder, "a"), ...instanceClock.env }));
    instances.push(await serve({ ...env, DATA_DIR: join(folder, "b") }));
    const now = async (): Promise<number> =>
      Number((await cluster.query("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now"))[0]?.["now"]);
    const urls = instances.map(({ url }) => url) as [string, string];
    const expect: Expect = (what, isRight) => void (isRight ? report.notes : report.findings).push(what);
    await work({ cluster, databaseClock, instanceClock, urls, now }, expect, (line) => report.notes.push(line));
    const { violations } = good(await clientAt(urls[1], "an-operator", "operator").get("/admin/audit"), 200);
    expect(`the audit finds nothing ${JSON.stringify(violations).slice(0, 500)}`, violations.length === 0);
    return report;
  } finally {
    databaseClock.set(0);
    for (const { child, ended } of instances) {
      child.kill("SIGTERM");
      await ended;
    }
    await cluster.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A client whose token neither clock refuses, unless it expires after `seconds`. */
function clientAt(url: string, id: string, role: "shopper" | "operator", seconds = 100 * HOUR_S): Client {
  const claims = { sub: id, role, exp: Math.floor(Date.now() / 1000) + seconds };
  return Object.assign(new Client(url, id, role), { token: token({ alg: "HS256" }, claims, SECRET) });
}

type Scene = { operator: Client; users: string[]; held: { dropId: string; until: number }; soonId: string; couponId: string };

/** A drop with one unit, a hold and a person who waits; a drop that opens in half an hour; a coupon that expires in half an hour. */
async function prepare({ urls, now }: Shops, holdFor: string): Promise<Scene> {
  const operator = clientAt(urls[1], "an-operator", "operator");
  const users = (good(await operator.post("/admin/users", { users: [{ name: "하나" }, { name: "둘" }] }), 201).users as { id: string }[]).map(
    ({ id }) => id,
  );
  const drop = async (opensAt: number): Promise<string> => {
    const product = good(await operator.post("/admin/products", { name: "한정판", price: 10, stock: 1 }), 201);
    const terms = { name: "드롭", productId: product.id, mode: "FIRST_COME", waitlist: true, holdFor, opensAt: new Date(opensAt).toISOString() };
    return good(await operator.post("/admin/drops", terms), 201).id;
  };
  const at = await now();
  const dropId = await drop(at);
  const soonId = await drop(at + (HOUR_S * 1000) / 2);
  const entries = [];
  for (const user of users) entries.push(good(await clientAt(urls[1], user, "shopper").post(`/drops/${dropId}/entries`), 201));
  const coupon = {
    name: "쿠폰",
    discount: { type: "FIXED", amount: 1 },
    totalQuantity: 10,
    expiresAt: new Date(at + (HOUR_S * 1000) / 2).toISOString(),
  };
  const { id: couponId } = good(await operator.post("/admin/coupons", coupon), 201);
  const mine = good(await clientAt(urls[1], users[0] ?? "", "shopper").get(`/drops/${dropId}/entries/mine`), 200);
  return { operator, users, held: { dropId, until: Date.parse(mine.heldUntil) }, soonId, couponId };
}

const statusOf = async (url: string, user: string, dropId: string): Promise<string> => {
  const { status, body } = await clientAt(url, user, "shopper").get(`/drops/${dropId}/entries/mine`);
  return status === 200 ? body.status : body.code;
};

async function becomes(what: () => Promise<boolean>): Promise<boolean> {
  for (const deadline = performance.now() + WITHIN_MS; !(await what()); await pause(200)) if (performance.now() > deadline) return false;
  return true;
}

/** The clock of one of two instances jumps an hour ahead and an hour back in the middle of a hold. */
export function jumpOfAnInstance(): Promise<ClocksReport> {
  return withShops(async (shops, expect) => {
    const { urls, now, instanceClock } = shops;
    const { users, held, soonId, couponId } = await prepare(shops, `PT${HOLD_MS / 1000}S`);
    const [first = "", second = ""] = users;
    const short = clientAt(urls[0], first, "shopper", HOUR_S / 2);
    for (const hours of [1, -1, 1]) {
      instanceClock.set(hours * HOUR_S);
      const { status } = await short.get(`/drops/${soonId}`, {});
      const own = await short.get(`/users/${first}/balance`);
      expect(`${hours} h: the drop of half an hour is not open`, status === 200 && (await short.get(`/drops/${soonId}`)).body.status !== "OPEN");
      expect(`${hours} h: a token of half an hour is judged by the instance's clock`, own.status === (hours > 0 ? 401 : 200));
      const patient = clientAt(urls[0], first, "shopper");
      good(await clientAt(urls[0], "an-operator", "operator").post("/admin/jobs/expire-holds/run"), 200);
      const status1 = await statusOf(urls[0], first, held.dropId);
      // Read before, so that a slow machine does not make the hold look early.
      const time = await now();
      if (time < held.until) expect(`${hours} h: the hold goes on`, status1 === "HELD");
      const { status: campaign } = good(await patient.get(`/coupons/${couponId}`), 200);
      expect(`${hours} h: the coupons are still issued`, campaign === "OPEN");
    }
    good(await clientAt(urls[0], first, "shopper").post(`/coupons/${couponId}/issue`), 201);
    expect("the hold ends and passes on", await becomes(async () => (await statusOf(urls[1], second, held.dropId)) === "HELD"));
    const next = Date.parse(good(await clientAt(urls[1], second, "shopper").get(`/drops/${held.dropId}/entries/mine`), 200).heldUntil);
    expect("it ended by the database's clock, not before", next - HOLD_MS >= held.until);
  });
}

/** The database's clock jumps an hour ahead and back, again and again, while buyers order and people enter a drop. */
export function jumpsOfTheDatabase({ jumps, buyers }: { jumps: number; buyers: number }): Promise<ClocksReport> {
  return withShops(async (shops, expect, note) => {
    const { cluster, urls, databaseClock } = shops;
    const { operator, users, held, soonId, couponId } = await prepare(shops, "PT30M");
    const [, second = ""] = users;
    const load = new Load({ instances: () => urls, operator: clientAt(urls[1], "an-operator", "operator"), buyers });
    await load.start();
    const product = good(await operator.post("/admin/products", { name: "줄", price: 10, stock: 3 }), 201);
    const terms = { name: "줄", productId: product.id, mode: "FIRST_COME", waitlist: true, holdFor: "PT30M" };
    const { id: lineId } = good(await operator.post("/admin/drops", { ...terms, opensAt: new Date(await shops.now()).toISOString() }), 201);
    for (let i = 0; i < jumps; i++) {
      const ahead = i % 2 === 0;
      databaseClock.set(ahead ? HOUR_S : 0);
      await load.more(buyers * 3, 300_000);
      const { users: one } = good(await operator.post("/admin/users", { users: [{ name: "손님" }] }), 201);
      good(await clientAt(urls[i % 2] ?? "", one[0].id, "shopper").post(`/drops/${lineId}/entries`), 201);
      if (i !== 0) continue;
      const isOpen = async (url: string): Promise<boolean> =>
        good(await clientAt(url, second, "shopper").get(`/drops/${soonId}`), 200).status === "OPEN";
      expect(
        "an hour ahead: the drop of half an hour opens at both instances",
        await becomes(async () => (await isOpen(urls[0])) && (await isOpen(urls[1]))),
      );
      expect("the hold ends and passes on once", await becomes(async () => (await statusOf(urls[0], second, held.dropId)) === "HELD"));
      const late = await clientAt(urls[0], second, "shopper").post(`/coupons/${couponId}/issue`);
      expect("expired coupons are not issued", late.status === 409);
    }
    databaseClock.set(0);
    await load.more(buyers, 300_000);
    expect("back again: the hold that was given ahead goes on", (await statusOf(urls[1], second, held.dropId)) === "HELD");
    await load.stop();
    const verification = await verifyLoad(cluster.url, load);
    const faults = Object.values(faultsOf(verification)).flat();
    expect(`${verification.acknowledged} orders: none lost, none twice ${faults.slice(0, 3).join()}`, faults.length === 0);
    note(`${load.retries.broken} broken requests, by code ${JSON.stringify([...load.retries.byCode])}`);
    const numbers = await cluster.query(`SELECT number FROM drop_entries WHERE drop_id = '${lineId}' ORDER BY created_at, number`);
    const inOrder = await cluster.query(
      `SELECT count(*)::int AS count, max(number)::int AS last, count(*) FILTER (WHERE status = 'HELD')::int AS held FROM drop_entries WHERE drop_id = '${lineId}'`,
    );
    expect(`${numbers.length} entries have numbers without a gap`, inOrder[0]?.["count"] === jumps && inOrder[0]?.["last"] === jumps);
    const [stock] = await cluster.query(`SELECT stock FROM variants WHERE product_id = '${product.id}'`);
    expect("free and held units add up", Number(stock?.["stock"]) + Number(inOrder[0]?.["held"]) === 3);
    const delivered = async (): Promise<boolean> => {
      await operator.post("/admin/jobs/relay-events/run");
      return good(await operator.get("/admin/events?status=WAITING&limit=1"), 200).events.length === 0;
    };
    expect("all events are delivered", await becomes(delivered));
  });
}
