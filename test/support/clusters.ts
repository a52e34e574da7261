// PostgreSQL clusters from the installed binaries, alone or with a synchronous standby, on private ports and data directories.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { keepLedgers } from "./history.ts";
import { killWithoutWarning } from "./power-failure.ts";
import { killAtExit, freePort } from "./services.ts";

const SETTINGS = ["listen_addresses=127.0.0.1", "max_connections=200", "wal_level=replica", "max_wal_senders=5", "hot_standby=on"];
const AS_POSTGRES = process.getuid?.() === 0 ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] : [];

export class Cluster {
  readonly port: number;
  readonly data: string;
  readonly #dir: string;
  readonly #settings: string[];
  #child: ChildProcess | undefined;
  /** Variables of the server's environment besides this process's. Set as its owner, whose semaphores libfaketime makes. */
  env: Record<string, string> = {};
  /** The end of the server's log. */
  log = "";

  constructor(dir: string, port: number, settings: string[]) {
    this.#dir = dir;
    this.data = join(dir, "data");
    this.port = port;
    this.#settings = [...SETTINGS, `unix_socket_directories=${dir}`, ...settings];
  }

  get url(): string {
    return `postgresql://jangnal@127.0.0.1:${this.port}/jangnal`;
  }

  async start(): Promise<void> {
    const [file = "", ...args] = [
      ...AS_POSTGRES,
      "env",
      ...Object.entries(this.env).map(([name, value]) => `${name}=${value}`),
      binary("postgres"),
      "-D",
      this.data,
      "-p",
      String(this.port),
      ...this.#settings.flatMap((one) => ["-c", one]),
    ];
    this.#child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"], cwd: this.#dir });
    killAtExit(this.#child);
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.log = (this.log + chunk.toString("utf8")).slice(-5000)));
    for (const deadline = Date.now() + 60_000; ; await pause(30)) {
      if (this.#child.exitCode !== null || Date.now() > deadline) throw new Error(`PostgreSQL did not start: ${this.log}`);
      if (
        await this.query("SELECT 1", "postgres").then(
          () => true,
          () => false,
        )
      )
        return;
    }
  }

  async query(text: string, database = "jangnal"): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url.replace(/jangnal$/, database) });
    client.on("error", () => {});
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Kills all processes at once, like a power failure. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const postmaster = Number(readFileSync(join(this.data, "postmaster.pid"), "utf8").split("\n")[0]);
    killWithoutWarning(postmaster);
    await ended;
  }

  promote(): void {
    run([binary("pg_ctl"), "-D", this.data, "-w", "promote"], this.#dir);
  }

  async remove(): Promise<void> {
    await keepLedgers(this.url);
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** An empty database `jangnal` on a primary with a synchronous standby. */
export async function startPair(settings: string[] = []): Promise<{ primary: Cluster; standby: Cluster; url: string; remove(): Promise<void> }> {
  const [primary, standby] = [await newCluster(settings), await newCluster(settings)];
  run([binary("initdb"), "-D", primary.data, "-U", "jangnal", "-A", "trust", "-E", "UTF8", "--locale=C"], join(primary.data, ".."));
  await primary.start();
  await primary.query("CREATE DATABASE jangnal", "postgres");
  run([binary("pg_basebackup"), "-D", standby.data, "-R", "-c", "fast", "-d", primary.url.replace(/jangnal$/, "postgres")], join(standby.data, ".."));
  await standby.start();
  await primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
  await primary.query("SELECT pg_reload_conf()");
  for (
    const deadline = Date.now() + 60_000;
    (await primary.query("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")).length === 0;
    await pause(30)
  ) {
    if (Date.now() > deadline) throw new Error("the standby does not replicate");
  }
  return {
    primary,
    standby,
    url: `postgresql://jangnal@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/jangnal?target_session_attrs=read-write`,
    async remove() {
      await standby.remove();
      await primary.remove();
    },
  };
}

/** An empty database `jangnal` on one server. */
export async function startSingle(settings: string[] = []): Promise<Cluster> {
  const cluster = await newCluster(settings);
  run([binary("initdb"), "-D", cluster.data, "-U", "jangnal", "-A", "trust", "-E", "UTF8", "--locale=C"], join(cluster.data, ".."));
  await cluster.start();
  await cluster.query("CREATE DATABASE jangnal", "postgres");
  return cluster;
}

/** Copies a database with pg_dump and pg_restore. */
export function dumpInto(from: Cluster, to: Cluster): void {
  const dump = spawnSync(binary("pg_dump"), ["-Fc", "-d", from.url], { maxBuffer: 1 << 30 });
  if (dump.status !== 0) throw new Error(`pg_dump failed: ${String(dump.stderr)}`);
  const restore = spawnSync(binary("pg_restore"), ["-d", to.url, "--exit-on-error"], { input: dump.stdout });
  if (restore.status !== 0) throw new Error(`pg_restore failed: ${String(restore.stderr)}`);
}

/** A cluster without data, not started. */
export async function newCluster(settings: string[]): Promise<Cluster> {
  const dir = mkdtempSync(join(tmpdir(), "jangnal-cluster-"));
  if (AS_POSTGRES.length > 0) {
    const [uid, gid] = ["-u", "-g"].map((flag) => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout));
    chownSync(dir, uid ?? 0, gid ?? 0);
  }
  return new Cluster(dir, await freePort(), settings);
}

/** Runs a command as the owner of the clusters, and returns its output. Errors: its messages. */
export function run(command: string[], cwd: string): string {
  const [file = "", ...args] = [...AS_POSTGRES, ...command];
  const { status, stdout, stderr } = spawnSync(file, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command[0]} failed: ${stderr}${stdout}`);
  return stdout;
}

/** Path of a binary of the newest installed PostgreSQL (Debian layout first). */
export function binary(name: string): string {
  const found =
    globSync(`/usr/lib/postgresql/*/bin/${name}`).sort().at(-1) ?? [`/usr/bin/${name}`, `/usr/local/bin/${name}`].find((path) => existsSync(path));
  if (found === undefined) throw new Error(`PostgreSQL's ${name} is not installed; npm run test:services needs it`);
  return found;
}
