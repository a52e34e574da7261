// A PostgreSQL cluster whose log is archived, and its restore to a point in time: by archive_command and pg_basebackup, or by Barman.

import { appendFileSync, globSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { binary, type Cluster, newCluster, run } from "../../support/clusters.ts";

export type Method = "archive" | "barman";
/** `recovery_target_time`, `_xid` or `_lsn`. */
export type Target = { kind: "time" | "xid" | "lsn"; value: string };

const SERVER = "shop";
const ARCHIVED_WITHIN_MS = 30_000;

export class ArchivedCluster {
  readonly cluster: Cluster;
  readonly #method: Method;
  /** Beside the data of the cluster: archive, base backup, Barman's home. */
  readonly #folder: string;

  private constructor(cluster: Cluster, method: Method) {
    this.cluster = cluster;
    this.#method = method;
    this.#folder = join(cluster.data, "..");
  }

  static async start(method: Method): Promise<ArchivedCluster> {
    const cluster = await newCluster(["archive_mode=on", "fsync=off"]);
    const archived = new ArchivedCluster(cluster, method);
    const folder = archived.#folder;
    run([binary("initdb"), "-D", cluster.data, "-U", "jangnal", "-A", "trust", "-E", "UTF8", "--locale=C"], folder);
    run(["mkdir", "-p", archived.#walArchive], folder);
    appendFileSync(
      join(cluster.data, "postgresql.conf"),
      `\narchive_command = 'test ! -f ${archived.#walArchive}/%f && cp %p ${archived.#walArchive}/%f'\n`,
    );
    if (method === "barman") writeFileSync(archived.#barmanFile, archived.#barmanSettings());
    await cluster.start();
    await cluster.query("CREATE DATABASE jangnal", "postgres");
    return archived;
  }

  /** Takes a base backup of the running cluster. */
  async backUp(): Promise<void> {
    if (this.#method === "archive") {
      const url = this.cluster.url.replace(/jangnal$/, "postgres");
      run([binary("pg_basebackup"), "-D", this.#base, "-X", "none", "-c", "fast", "--no-sync", "-d", url], this.#folder);
      return;
    }
    await this.archiveAll();
    try {
      this.#barman("backup", SERVER);
    } catch (error) {
      throw new Error(`${String(error)} ${this.#check()}`, { cause: error });
    }
  }

  /** Resolves when the log up to now is in the archive. */
  async archiveAll(): Promise<void> {
    await this.#archiveAll();
    if (this.#method === "barman") this.#barman("archive-wal", SERVER);
  }

  async #archiveAll(): Promise<void> {
    const [row] = await this.cluster.query("SELECT pg_walfile_name(pg_switch_wal()) AS name");
    for (const deadline = Date.now() + ARCHIVED_WITHIN_MS; ; await pause(50)) {
      const [state] = await this.cluster.query("SELECT last_archived_wal >= $$" + String(row?.["name"]) + "$$ AS done FROM pg_stat_archiver");
      if (state?.["done"] === true) return;
      if (Date.now() > deadline) throw new Error("the log was not archived");
    }
  }

  /** Removes all segments of the archive but the first ones, so that the log ends before later points. */
  loseLog(keep: number): void {
    for (const name of readdirSync(this.#walArchive)
      .filter((one) => /^[0-9A-F]{24}$/.test(one))
      .sort()
      .slice(keep))
      rmSync(join(this.#walArchive, name));
  }

  /** How many segments the archive has. */
  get segments(): number {
    return readdirSync(this.#walArchive).filter((one) => /^[0-9A-F]{24}$/.test(one)).length;
  }

  /**
   * Restores the backup to the point into a new cluster and starts it. Resolves when it takes writes.
   * Errors: PostgreSQL's log if it cannot reach the point.
   */
  async restoreTo({ kind, value }: Target): Promise<Cluster> {
    const restored = await newCluster(["archive_mode=off", "fsync=off"]);
    const folder = join(restored.data, "..");
    if (this.#method === "barman") {
      const target = [`--target-${kind}`, value, "--target-action", "promote"];
      run(["barman", "-c", this.#barmanFile, "recover", ...target, SERVER, "latest", restored.data], folder);
    } else {
      run(["cp", "-a", this.#base, restored.data], folder);
      appendFileSync(
        join(restored.data, "postgresql.auto.conf"),
        `restore_command = 'cp ${this.#walArchive}/%f "%p"'\nrecovery_target_${kind} = '${value}'\nrecovery_target_action = 'promote'\n`,
      );
      run(["touch", join(restored.data, "recovery.signal")], folder);
    }
    try {
      await restored.start();
      while ((await restored.query("SELECT FROM pg_control_recovery() WHERE pg_is_in_recovery()")).length > 0) await pause(50);
    } catch (error) {
      await restored.remove();
      const fatal = [...restored.log.matchAll(/FATAL: .*/g)].map(([line]) => line).findLast((line) => !line.includes("is starting up"));
      throw new Error(`the restore failed: ${fatal ?? String(error)}`, { cause: error });
    }
    return restored;
  }

  remove(): Promise<void> {
    return this.cluster.remove();
  }

  get #walArchive(): string {
    return this.#method === "barman" ? join(this.#folder, "barman", SERVER, "incoming") : join(this.#folder, "archive");
  }

  get #base(): string {
    return join(this.#folder, "base");
  }

  get #barmanFile(): string {
    return join(this.#folder, "barman.conf");
  }

  #barman(...args: string[]): string {
    return run(["barman", "-c", this.#barmanFile, ...args], this.#folder);
  }

  #check(): string {
    try {
      return this.#barman("check", SERVER);
    } catch (error) {
      return String(error);
    }
  }

  #barmanSettings(): string {
    const { port } = this.cluster;
    const bin = binary("pg_basebackup").replace(/\/pg_basebackup$/, "");
    return `[barman]
barman_user = ${process.getuid?.() === 0 ? "postgres" : process.env.USER}
barman_home = ${join(this.#folder, "barman")}
configuration_files_directory = ${this.#folder}/barman.d
log_file = ${join(this.#folder, "barman.log")}
log_level = INFO

[${SERVER}]
description = "the shop"
conninfo = host=127.0.0.1 port=${port} user=jangnal dbname=postgres
streaming_conninfo = host=127.0.0.1 port=${port} user=jangnal
backup_method = postgres
archiver = on
path_prefix = ${bin}
immediate_checkpoint = true
`;
  }
}

/** Why this machine cannot use Barman, or undefined. */
export function barmanIsMissing(): string | undefined {
  const missing = ["barman", "rsync"].filter((name) => globSync(`/usr/bin/${name}`).length === 0);
  return missing.length === 0 ? undefined : `needs ${missing.join(" and ")} (apt-get install barman rsync)`;
}
