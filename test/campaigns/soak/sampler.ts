// Reads all values of one moment (samples.ts): from /proc, PostgreSQL, Redis, NATS and the shop's metrics.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { types } from "../../../src/database/pool.ts";
import type { Arrangement } from "./arrangement.ts";
import type { DatabaseSample, Sample, SystemSample, TableSample, Work } from "./samples.ts";

/** Of Linux; `getconf CLK_TCK`. */
const TICKS_PER_SECOND = 100;

export class Sampler implements AsyncDisposable {
  readonly #arrangement: Arrangement;
  readonly #client: pg.Client;
  readonly #redis: Redis;

  private constructor(arrangement: Arrangement, client: pg.Client, redis: Redis) {
    this.#arrangement = arrangement;
    this.#client = client;
    this.#redis = redis;
  }

  static async open(arrangement: Arrangement): Promise<Sampler> {
    const client = new pg.Client({ connectionString: arrangement.cluster.url, application_name: "soak", types });
    await client.connect();
    return new Sampler(arrangement, client, new Redis(arrangement.redis.url));
  }

  async read(work: Work): Promise<Sample> {
    const { processes, logFile, url, natsMonitor } = this.#arrangement;
    const [database, redis, nats, eventsWaiting] = await Promise.all([
      this.#readDatabase(),
      this.#readRedis(),
      readNats(natsMonitor),
      readWaiting(url),
    ]);
    return {
      at: Date.now(),
      work: { ...work },
      processes: [...processes()].map(([name, pid]) => systemSample(name, pid)),
      database,
      redis,
      nats,
      eventsWaiting,
      shopLogBytes: statSync(logFile).size,
    };
  }

  async #readDatabase(): Promise<DatabaseSample> {
    const { rows: tables } = await this.#client.query<TableSample>(TABLES);
    const { rows } = await this.#client.query<Omit<DatabaseSample, "tables" | "privateBytes" | "logBytes">>(DATABASE);
    const { data } = this.#arrangement.cluster;
    const postmaster = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]);
    return {
      ...(rows[0] as (typeof rows)[number]),
      privateBytes: childrenOf(postmaster).reduce((sum, pid) => sum + privateBytes(pid), 0),
      logBytes: statSync(join(data, "log/postgresql.log")).size,
      tables,
    };
  }

  async #readRedis(): Promise<Sample["redis"]> {
    const info = await this.#redis.info();
    const value = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]);
    return { clients: value("connected_clients") - 1, bytes: value("used_memory"), keys: await this.#redis.dbsize() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
    await this.#client.end();
  }
}

function systemSample(name: string, pid: number): SystemSample {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // After the command's name, which may contain blanks: utime and stime are fields 14 and 15 of the whole line, threads field 20.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { pid, name, descriptors: readdirSync(`/proc/${pid}/fd`).length, threads: Number(fields[17]), cpuMs: (ticks * 1000) / TICKS_PER_SECOND };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

/** Zero for a process that has just ended. */
function privateBytes(pid: number): number {
  try {
    return Number(/^Pss_Anon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

async function readNats(monitor: string): Promise<Sample["nats"]> {
  const read = async <T>(path: string): Promise<T> => (await (await fetch(`${monitor}${path}`)).json()) as T;
  const { connections, subscriptions, mem } = await read<{ connections: number; subscriptions: number; mem: number }>("/varz");
  const { storage = 0, messages = 0 } = await read<{ storage?: number; messages?: number }>("/jsz");
  return { connections, subscriptions, memoryBytes: mem, storedBytes: storage, messages };
}

async function readWaiting(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^jangnal_events_waiting\{[^}]*\} (\d+)/gm)].reduce((most, [, count]) => Math.max(most, Number(count)), 0);
}

const TABLES = `SELECT s.relname AS name, n_live_tup::float8 AS live, n_dead_tup::float8 AS dead, pg_relation_size(relid)::float8 AS "heapBytes",
  pg_indexes_size(relid)::float8 AS "indexBytes", autovacuum_count::float8 AS autovacuums, autoanalyze_count::float8 AS autoanalyzes
  FROM pg_stat_user_tables s ORDER BY 1`;

const DATABASE = `SELECT pg_database_size(current_database())::float8 AS bytes,
  (SELECT sum(size) FROM pg_ls_waldir())::float8 AS "walBytes",
  (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())::float8 AS connections,
  (SELECT coalesce(max(greatest(age(backend_xmin), age(backend_xid))), 0) FROM pg_stat_activity WHERE pid <> pg_backend_pid())::float8 AS "horizonAge",
  deadlocks::float8, temp_files::float8 AS "tempFiles" FROM pg_stat_database WHERE datname = current_database()`;
