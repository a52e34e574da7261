// NATS as a cluster of three, and Redis with a replica and three Sentinels, on hosts of a lab: cut and killed while two shops sell.

import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Redis } from "ioredis";
import type { Envelope } from "../../../src/outbox/envelope.ts";
import { Load } from "../../support/load.ts";
import { random, type SeededRandom } from "../../support/random.ts";
import { Client, good } from "../../support/shop.ts";
import { type Verification, verifyLoad } from "../../support/verification.ts";
import { readStream } from "../faults/faults.ts";
import type { Lab } from "./lab.ts";
import { query } from "./servers.ts";
import { Shops } from "./shops.ts";

const NATS = ["nats1", "nats2", "nats3"] as const;
const REDIS = ["redis1", "redis2"] as const;
const SENTINELS = ["sentinel1", "sentinel2", "sentinel3"] as const;
export const BROKER_HOSTS = ["pg1", ...NATS, ...REDIS, ...SENTINELS, "shop1", "shop2", "client"] as const;

const STREAM = "SHOP";
const HELD_MS = 12_000;
const RECOVERS_WITHIN_MS = 120_000;
const AFTER_FAULT = 20;
const CANCELLED = 0.3;

/** `only`: a pattern that the names of the faults match. */
export type BrokerPlan = { seed: number; faults: number; only: string; perSecond: number };
export type BrokerPhase = {
  name: string;
  acknowledged: number;
  longestPauseMs: number;
  /** From the repair until all events were delivered, and until both shops used Redis. */
  deliveredMs: number;
  redisMs: number;
};
export type BrokerReport = {
  plan: BrokerPlan;
  phases: BrokerPhase[];
  stalls: string[];
  verification: Verification;
  /** Messages in the stream, and those whose event had been there before. */
  messages: number;
  repeated: number;
  violations: unknown[];
  crashes: string[];
};

type Repair = () => unknown;
type Fault = { name: string; inject(brokers: Brokers, rng: SeededRandom): Promise<Repair> };
const nothingElse = (): void => {};

const FAULTS: Fault[] = [
  { name: "NATS: stream's leader cut from everything", inject: async (brokers) => brokers.isolate(await brokers.streamLeader()) },
  {
    name: "NATS: stream's leader cut from the other servers, shops attached",
    inject: async (brokers) => brokers.part([await brokers.streamLeader()], NATS),
  },
  { name: "NATS: one way, packets of the stream's leader do not arrive", inject: async (brokers) => brokers.mute(await brokers.streamLeader()) },
  { name: "NATS: stream's leader killed", inject: async (brokers) => brokers.kill(await brokers.streamLeader()) },
  { name: "NATS: two servers cut from everything", inject: async (brokers) => brokers.isolate("nats1", "nats2") },
  { name: "NATS: a server paused (SIGSTOP)", inject: async (brokers, rng) => brokers.stop(rng.pick([...NATS])) },
  { name: "Redis: primary cut from everything", inject: async (brokers) => brokers.isolate(await brokers.redisPrimary()) },
  {
    name: "Redis: primary cut from replica and Sentinels, shops attached",
    inject: async (brokers) => brokers.part([await brokers.redisPrimary()], [...REDIS, ...SENTINELS]),
  },
  { name: "Redis: primary cut from the shops", inject: async (brokers) => brokers.part([await brokers.redisPrimary()], ["shop1", "shop2"]) },
  { name: "Redis: primary killed", inject: async (brokers) => brokers.kill(await brokers.redisPrimary()) },
  { name: "Redis: two Sentinels cut from everything", inject: async (brokers) => brokers.isolate("sentinel1", "sentinel2") },
];

export async function testBrokers(lab: Lab, plan: BrokerPlan, log: (line: string) => void): Promise<BrokerReport> {
  const rng = random(plan.seed);
  const brokers = new Brokers(lab);
  const databaseUrl = await brokers.start();
  const shops = new Shops(lab, ["shop1", "shop2"], { DATABASE_URL: databaseUrl, REDIS_URL: brokers.redisUrl, DATA_PLATFORM_URL: brokers.natsUrl });
  for (const host of shops.hosts) await shops.start(host);
  const operator = new Client(shops.urls[0] ?? "", "an-operator", "operator");
  const cancelling: Promise<unknown>[] = [];
  // A cancelled order has a second event, which must come after the first.
  const onAcknowledged = (orderId: string): unknown => rng.chance(CANCELLED) && cancelling.push(cancel(load, orderId));
  const load = new Load({ instances: () => shops.urls, operator, buyers: 12, perSecond: plan.perSecond, onAcknowledged });
  await load.start();
  await load.more(AFTER_FAULT, RECOVERS_WITHIN_MS);
  const phases: BrokerPhase[] = [];
  const stalls: string[] = [];
  const faults = FAULTS.filter(({ name }) => new RegExp(plan.only).test(name));
  for (let i = 0; i < plan.faults; i++) {
    const fault = faults[i % faults.length] as Fault;
    try {
      load.lap();
      const repair = await fault.inject(brokers, rng);
      await pause(HELD_MS + rng.below(3000));
      lab.heal();
      await repair();
      const healedAt = performance.now();
      const [deliveredMs, redisMs] = await Promise.all(
        [delivered(databaseUrl), redisIsBack(shops)].map(async (done) => (await done, Math.round(performance.now() - healedAt))),
      );
      await load.more(AFTER_FAULT, RECOVERS_WITHIN_MS);
      const { acknowledged, longestPauseMs } = load.lap();
      phases.push({
        name: fault.name,
        acknowledged,
        longestPauseMs: Math.round(longestPauseMs),
        deliveredMs: deliveredMs ?? 0,
        redisMs: redisMs ?? 0,
      });
      log(`${phases.length} ${JSON.stringify(phases.at(-1))}`);
    } catch (error) {
      stalls.push(`${fault.name}: ${(error as Error).message}`);
      log(stalls.at(-1) ?? "");
      break; // The judgment follows all the same.
    }
  }
  await load.stop();
  await Promise.all(cancelling);
  await delivered(databaseUrl).catch(({ message }: Error) => stalls.push(message));
  const stream = await readStream(`nats://${lab.address("nats1")}:4222`, STREAM);
  return {
    plan,
    phases,
    stalls,
    verification: await verifyLoad(databaseUrl, load, { nats: stream }),
    messages: stream.length,
    repeated: stream.length - new Set(stream.map(({ id }: Envelope) => id)).size,
    violations: good(await operator.get("/admin/audit"), 200).violations,
    crashes: shops.crashes,
  };
}

async function cancel({ client }: Load, orderId: string): Promise<void> {
  const { token } = new Client("http://unused", "an-operator", "operator");
  good(await client.send({ method: "POST", path: `/orders/${orderId}/cancel`, body: {}, key: `cancel-${orderId}`, token }), 200);
}

/** Resolves when all events are delivered. */
async function delivered(databaseUrl: string): Promise<void> {
  const DONE = `SELECT count(*)::int AS waiting FROM order_history e, sinks s
    WHERE e.xid > s.position AND e.xid < pg_snapshot_xmin(pg_current_snapshot()) AND e.created_at < now() - interval '3 s'`;
  for (const deadline = Date.now() + RECOVERS_WITHIN_MS; ; await pause(200)) {
    const [row] = await query<{ waiting: number }>(databaseUrl, DONE);
    if (row?.waiting === 0) return;
    if (Date.now() > deadline) throw new Error(`${row?.waiting} events are not delivered`);
  }
}

/** Resolves when both shops use Redis. */
async function redisIsBack(shops: Shops): Promise<void> {
  for (const deadline = Date.now() + RECOVERS_WITHIN_MS; ; await pause(200)) {
    const states = await Promise.all(shops.urls.map(async (url) => JSON.stringify(await (await fetch(`${url}/readyz`)).json())));
    if (states.every((state) => /"redis":"ok"/.test(state))) return;
    if (Date.now() > deadline) throw new Error(`a shop does without Redis: ${states.join(" ")}`);
  }
}

class Brokers {
  readonly #lab: Lab;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Returns the database's URL. */
  async start(): Promise<string> {
    for (const host of NATS) this.#startNats(host);
    this.#startRedis("redis1");
    this.#startRedis("redis2", this.#lab.address("redis1"));
    for (const host of SENTINELS) this.#startSentinel(host);
    return this.#startPostgres();
  }

  async #startPostgres(): Promise<string> {
    const data = join(this.#lab.files("pg1"), "data");
    const bin = "/usr/lib/postgresql/15/bin";
    const { child } = this.#lab.start("pg1", [`${bin}/initdb`, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"], {
      as: "postgres",
    });
    await new Promise((resolve) => child.once("exit", resolve));
    this.#lab.write("pg1", "data/pg_hba.conf", "host all all 10.99.0.0/24 trust\n");
    const address = this.#lab.address("pg1");
    this.#lab.start(
      "pg1",
      [`${bin}/postgres`, "-D", data, "-c", `listen_addresses=${address}`, "-k", this.#lab.files("pg1"), "-c", "max_connections=150"],
      { as: "postgres" },
    );
    const url = `postgresql://postgres@${address}:5432/jangnal`;
    await eventually(() => query(url.replace(/jangnal$/, "postgres"), "CREATE DATABASE jangnal"));
    return url;
  }

  #startNats(host: string): void {
    const address = this.#lab.address(host);
    const routes = NATS.map((other) => `nats://${this.#lab.address(other)}:6222`).join(",");
    const store = ["-js", "-sd", join(this.#lab.files(host), "data")];
    const cluster = ["-cluster_name", "shop", "-cluster", `nats://${address}:6222`, "-routes", routes];
    this.#lab.start(host, ["/usr/sbin/nats-server", "-a", address, "-p", "4222", "-n", host, ...store, ...cluster]);
  }

  #startRedis(host: string, primary?: string): void {
    const settings = ["--bind", this.#lab.address(host), "--protected-mode", "no", "--save", "", "--dir", this.#lab.files(host)];
    this.#lab.start(host, ["/usr/bin/redis-server", ...settings, ...(primary === undefined ? [] : ["--replicaof", primary, "6379"])]);
  }

  #startSentinel(host: string): void {
    const config = this.#lab.write(
      host,
      "sentinel.conf",
      [
        "port 26379",
        `bind ${this.#lab.address(host)}`,
        "protected-mode no",
        `dir ${this.#lab.files(host)}`,
        `sentinel monitor shop ${this.#lab.address("redis1")} 6379 2`,
        "sentinel down-after-milliseconds shop 3000",
        "sentinel failover-timeout shop 6000",
        "",
      ].join("\n"),
    );
    this.#lab.start(host, ["/usr/bin/redis-sentinel", config]);
  }

  get redisUrl(): string {
    return `redis-sentinel://${SENTINELS.map((host) => `${this.#lab.address(host)}:26379`).join(",")}/0?master=shop`;
  }

  get natsUrl(): string {
    const [first, ...others] = NATS.map((host) => `${this.#lab.address(host)}:4222`);
    return `nats://${first}/${STREAM}?servers=${others.join(";")}&replicas=3`;
  }

  async streamLeader(): Promise<string> {
    return eventually(async () => {
      const connection = await connect({ servers: NATS.map((host) => `${this.#lab.address(host)}:4222`), timeout: 2000 });
      try {
        const { cluster } = await (await jetstreamManager(connection)).streams.info(STREAM);
        if (cluster?.leader === undefined) throw new Error("the stream has no leader");
        return cluster.leader;
      } finally {
        await connection.close();
      }
    });
  }

  async redisPrimary(): Promise<string> {
    return eventually(async () => {
      for (const sentinel of SENTINELS) {
        const client = new Redis({
          host: this.#lab.address(sentinel),
          port: 26_379,
          lazyConnect: true,
          retryStrategy: () => null,
          connectTimeout: 1000,
        });
        client.on("error", () => {});
        try {
          await client.connect();
          const [address] = (await client.call("SENTINEL", "get-master-addr-by-name", "shop")) as [string];
          const host = REDIS.find((one) => this.#lab.address(one) === address);
          if (host) return host;
        } catch {
        } finally {
          client.disconnect();
        }
      }
      throw new Error("no Sentinel names a primary");
    });
  }

  /** Cuts hosts from all others but the client, which observes. */
  isolate(...hosts: string[]): Repair {
    return this.part(hosts, BROKER_HOSTS);
  }

  part(left: readonly string[], right: readonly string[]): Repair {
    const others = right.filter((host) => !left.includes(host) && host !== "client");
    this.#lab.cutBoth(left, others);
    for (const one of left) for (const other of left) if (one !== other) this.#lab.cut(one, other);
    return nothingElse;
  }

  mute(host: string): Repair {
    for (const other of BROKER_HOSTS) if (other !== host && other !== "client") this.#lab.cut(host, other);
    return nothingElse;
  }

  async kill(host: string): Promise<Repair> {
    await this.#lab.powerOff(host);
    if (host.startsWith("nats")) return () => this.#startNats(host);
    // A former primary comes back as a replica once a Sentinel has told it so.
    return () => this.#startRedis(host);
  }

  stop(host: string): Repair {
    this.#lab.signal(host, "SIGSTOP");
    return () => this.#lab.signal(host, "SIGCONT");
  }
}

async function eventually<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (const deadline = Date.now() + RECOVERS_WITHIN_MS; ; await pause(300)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
