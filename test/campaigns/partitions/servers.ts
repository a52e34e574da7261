// etcd, PostgreSQL under Patroni, and HAProxy on the hosts of a lab, as docs/operating/reliability.md recommends them, with shorter times.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { killWithoutWarning } from "../../support/power-failure.ts";
import { type Lab, send } from "./lab.ts";

export const ETCD = ["etcd1", "etcd2", "etcd3"] as const;
export const DATABASES = ["pg1", "pg2", "pg3"] as const;
/** Of the Debian package. */
export const PATRONI = "/usr/bin/patroni";
export type Mode = "synchronous" | "asynchronous";

/** Seconds. Patroni's own defaults are 30, 10 and 10. */
export const TIMES = { ttl: 12, loop_wait: 2, retry_timeout: 4 };
/** Until then a standby that was cut off counts as synchronous, and commits wait for it. The default is 60 s. */
const WAL_TIMEOUTS = { wal_sender_timeout: "5s", wal_receiver_timeout: "5s" };
const CONFIG = "patroni.yml";
const STARTS_WITHIN_MS = 120_000;
const ASK_MS = 1500;
const ANSWER_MS = 5000;
const CONNECT_MS = 3000;

/** A member as it reports itself. */
export type Member = { host: string; isPrimary: boolean; timeline: number };

export class Servers {
  readonly #lab: Lab;
  readonly #mode: Mode;
  readonly #patroni: string;

  constructor(lab: Lab, mode: Mode, patroni: string) {
    this.#lab = lab;
    this.#mode = mode;
    this.#patroni = patroni;
  }

  /** Starts everything. Resolves when the database `jangnal` exists and all standbys stream. */
  async start(): Promise<void> {
    for (const host of ETCD) this.startEtcd(host, "new");
    for (const host of DATABASES) this.startPatroni(host);
    this.startProxy();
    await this.healthy(DATABASES.length, STARTS_WITHIN_MS);
    // Not a superuser: commits that wait for a standby fill the connections, and Patroni needs the reserved ones.
    await this.query("CREATE ROLE shop LOGIN", "postgres");
    await this.query("CREATE DATABASE jangnal OWNER shop", "postgres");
  }

  startEtcd(host: string, state: "new" | "existing" = "existing"): void {
    const at = (other: string, port: number): string => `http://${this.#lab.address(other)}:${port}`;
    const cluster = ETCD.map((other) => `${other}=${at(other, 2380)}`).join(",");
    const options = {
      name: host,
      "data-dir": join(this.#lab.files(host), "data"),
      logger: "zap",
      "listen-peer-urls": at(host, 2380),
      "initial-advertise-peer-urls": at(host, 2380),
      "listen-client-urls": at(host, 2379),
      "advertise-client-urls": at(host, 2379),
      "initial-cluster": cluster,
      "initial-cluster-state": state,
      "heartbeat-interval": "150",
      "election-timeout": "1500",
    };
    this.#lab.start(host, ["/usr/bin/etcd", ...Object.entries(options).map(([name, value]) => `--${name}=${value}`)]);
  }

  startPatroni(host: string): void {
    const config = this.#lab.write(host, CONFIG, this.#patroniSettings(host));
    this.#lab.start(host, [this.#patroni, config], { as: "postgres" });
  }

  #patroniSettings(host: string): string {
    const address = this.#lab.address(host);
    const folder = this.#lab.files(host);
    const synchronous = this.#mode === "synchronous";
    return JSON.stringify({
      scope: "jangnal",
      name: host,
      restapi: { listen: `${address}:8008`, connect_address: `${address}:8008` },
      etcd3: { hosts: ETCD.map((etcd) => `${this.#lab.address(etcd)}:2379`) },
      bootstrap: {
        dcs: {
          ...TIMES,
          maximum_lag_on_failover: 1_048_576,
          failsafe_mode: true,
          synchronous_mode: synchronous,
          synchronous_mode_strict: synchronous,
          postgresql: {
            use_pg_rewind: true,
            parameters: { max_connections: 150, wal_keep_size: "512MB", superuser_reserved_connections: 10, ...WAL_TIMEOUTS },
          },
        },
        initdb: [{ encoding: "UTF8" }, { locale: "C" }, { "auth-host": "trust" }, { "auth-local": "trust" }],
        pg_hba: ["local all all trust", "host all all 10.99.0.0/24 trust", "host replication all 10.99.0.0/24 trust"],
      },
      postgresql: {
        listen: `${address}:5432`,
        connect_address: `${address}:5432`,
        data_dir: join(folder, "data"),
        bin_dir: "/usr/lib/postgresql/15/bin",
        authentication: { superuser: { username: "postgres" }, replication: { username: "replicator" }, rewind: { username: "postgres" } },
        parameters: { unix_socket_directories: folder, shared_buffers: "64MB" },
        pgpass: join(folder, "pgpass"),
      },
    });
  }

  startProxy(): void {
    const servers = DATABASES.map((host) => `  server ${host} ${this.#lab.address(host)}:5432 check port 8008`);
    const config = this.#lab.write(
      "haproxy",
      "haproxy.cfg",
      [
        "defaults",
        "  log stderr format raw local0 notice",
        "  mode tcp",
        "  timeout connect 2s",
        "  timeout check 2s",
        "  timeout client 30m",
        "  timeout server 30m",
        "  option clitcpka",
        "  option srvtcpka",
        "listen primary",
        "  bind *:5000",
        "  option httpchk OPTIONS /primary",
        "  http-check expect status 200",
        "  default-server inter 1s fall 3 rise 2 on-marked-down shutdown-sessions",
        ...servers,
        "",
      ].join("\n"),
    );
    this.#lab.start("haproxy", ["/usr/sbin/haproxy", "-db", "-f", config]);
  }

  /** The database's URL through HAProxy. */
  get url(): string {
    return `postgresql://postgres@${this.#lab.address("haproxy")}:5000/jangnal`;
  }

  /** The shop's URL: through HAProxy, or with all servers. */
  shopUrl(through: "haproxy" | "hosts"): string {
    if (through === "haproxy") return this.url.replace("postgres@", "shop@");
    const hosts = DATABASES.map((host) => `${this.#lab.address(host)}:5432`);
    return `postgresql://shop@${hosts.join(",")}/jangnal?target_session_attrs=read-write`;
  }

  async query<Row>(text: string, database = "jangnal", values: unknown[] = [], answerMs = 60_000): Promise<Row[]> {
    return query<Row>(this.url.replace(/jangnal$/, database), text, values, answerMs);
  }

  /** Asks each member itself. A member that does not answer has no rows. */
  askAll<Row>(text: string): Promise<Row[][]> {
    return Promise.all(
      DATABASES.map((host) =>
        query<Row>(`postgresql://postgres@${this.#lab.address(host)}:5432/jangnal`, text, [], ANSWER_MS).catch((): Row[] => []),
      ),
    );
  }

  /** The members that answer. */
  async members(): Promise<Member[]> {
    const asked = await this.askAll<Omit<Member, "host">>(ROLE);
    return DATABASES.flatMap((host, i) => (asked[i] ?? []).map((row) => ({ host, ...row })));
  }

  /** The newest primary. Errors: no member is one. */
  async primary(): Promise<string> {
    for (const deadline = Date.now() + STARTS_WITHIN_MS; ; await pause(200)) {
      const [newest] = (await this.members()).filter(({ isPrimary }) => isPrimary).toSorted((a, b) => b.timeline - a.timeline);
      if (newest) return newest.host;
      if (Date.now() > deadline) throw new Error("the database has no primary");
    }
  }

  /** The standbys of the primary; in synchronous mode the synchronous one first. */
  async standbys(): Promise<string[]> {
    const rows = await query<{ host: string }>(this.url, STANDBYS);
    return rows.map(({ host }) => host);
  }

  /** Host of etcd's leader. Errors: there is none for long. */
  async etcdLeader(): Promise<string> {
    for (const deadline = Date.now() + STARTS_WITHIN_MS; Date.now() < deadline; await pause(200)) {
      const leaders = await Promise.all(ETCD.map((host) => this.#isEtcdLeader(host).catch(() => false)));
      const leader = ETCD.find((_, i) => leaders[i]);
      if (leader !== undefined) return leader;
    }
    throw new Error("etcd has no leader");
  }

  async #isEtcdLeader(host: string): Promise<boolean> {
    const url = `http://${this.#lab.address(host)}:2379/v3/maintenance/status`;
    const response = await fetch(url, { method: "POST", body: "{}", signal: AbortSignal.timeout(ASK_MS) });
    const { header, leader } = (await response.json()) as { header: { member_id: string }; leader?: string };
    return leader === header.member_id;
  }

  /** Resolves when HAProxy leads to a primary to which all other members stream. */
  async healthy(members: number = DATABASES.length, withinMs: number = STARTS_WITHIN_MS): Promise<void> {
    let last: unknown;
    for (const deadline = Date.now() + withinMs; Date.now() < deadline; await pause(250)) {
      try {
        const rows = await query<{ host: string; sync: string }>(this.url.replace(/jangnal$/, "postgres"), STANDBYS);
        last = rows;
        const isSafe = this.#mode === "asynchronous" || rows.some(({ sync }) => sync === "sync");
        if (rows.length === members - 1 && isSafe) return;
      } catch (error) {
        last = error;
      }
    }
    throw new Error(`the servers are not healthy after ${withinMs} ms: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
  }

  /** Makes a standby anew from the primary, as `patronictl reinit` does. Returns the hosts of the standbys that did not stream. */
  async rebuild(): Promise<string[]> {
    const streaming = new Set([await this.primary(), ...(await this.standbys())]);
    const stuck = DATABASES.filter((host) => !streaming.has(host));
    for (const host of stuck) {
      await this.#lab.powerOff(host);
      rmSync(join(this.#lab.files(host), "data"), { recursive: true, force: true });
      this.startPatroni(host);
    }
    return stuck;
  }

  /** Kills Patroni alone. */
  killPatroni(host: string): void {
    for (const pid of this.#lab.processes(host)) if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(CONFIG)) send(pid, "SIGKILL");
  }

  /** Kills PostgreSQL with all of its processes. Patroni starts it again. */
  killPostgres(host: string): void {
    killWithoutWarning(Number(readFileSync(join(this.#lab.files(host), "data/postmaster.pid"), "utf8").split("\n")[0]));
  }
}

const ROLE = `SELECT NOT pg_is_in_recovery() AS "isPrimary", 
  CASE WHEN pg_is_in_recovery() THEN 0 ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline`;
const STANDBYS = `SELECT application_name AS host, sync_state AS sync FROM pg_stat_replication
  WHERE state = 'streaming' AND application_name LIKE 'pg%' ORDER BY sync_state DESC, 1`;

export async function query<Row>(url: string, text: string, values: unknown[] = [], answerMs = 60_000): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS, query_timeout: answerMs });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query(text, values)).rows as Row[];
  } finally {
    void client.end().catch(() => {});
  }
}
