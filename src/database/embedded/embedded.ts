import { resolve } from "node:path";
import { ShopClient } from "../client.ts";
import { makeDataDir } from "../data-dir.ts";
import { findBinaries } from "./binaries.ts";
import { initializeCluster } from "./initialize.ts";
import { lockDataDir } from "./lock.ts";
import { openLog } from "./log.ts";
import { launchPostmaster, type Postmaster } from "./postmaster.ts";
import { stopPreviousPostmaster } from "./previous.ts";
import { makeEndpoint } from "./endpoint.ts";
import { chooseAccount } from "./account.ts";

export { DataDirInUse } from "./lock.ts";

export type EmbeddedServer = {
  /**
   * The libpq URL of a database on this server, over its Unix socket (on Windows, TCP on
   * 127.0.0.1).
   */
  url(database: string): string;
  /** Stops the server with a fast shutdown and resolves when it has ended. Idempotent. */
  stop(): Promise<void>;
  /** Resolves with a reason if the server ends without `stop()`. */
  died: Promise<string>;
  pid: number;
};

export type EmbeddedOptions = {
  dataDir: string;
  /** Server settings that override the shop's, by their names in postgresql.conf. */
  settings?: Record<string, string>;
  /**
   * Called with each line of the server's log. Default: the log goes to `<dataDir>/postgres.log`.
   */
  log?: (line: string) => void;
};

/**
 * Starts the PostgreSQL from npm on the cluster in `<dataDir>/postgres` and resolves when it
 * accepts connections. The first start creates the cluster and a database named `jangnal`.
 * Errors: `DataDirInUse` if another process uses `dataDir` (nothing was changed); else an Error of
 * one sentence.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const dataDir = resolve(options.dataDir);
  makeDataDir(dataDir);
  // Without this lock nothing else may be written to the directory.
  const lock = lockDataDir(dataDir);
  try {
    const settings = options.settings ?? {};
    const endpoint = await makeEndpoint(dataDir);
    try {
      const binaries = findBinaries(dataDir);
      const account = chooseAccount(dataDir, binaries, endpoint.directory);
      const cluster = await initializeCluster({ dataDir, binaries, account, endpoint, durable: settings.fsync !== "off" });
      await stopPreviousPostmaster(cluster, binaries);
      const log = openLog(dataDir, options.log);
      const postmaster = await launchPostmaster({ dataDir, cluster, binaries, account, endpoint, settings, log });
      void postmaster.ended.then(() => {
        endpoint.remove();
        lock.release();
      });
      await createShopDatabase(postmaster, endpoint.url("postgres"));
      return { url: endpoint.url, stop: postmaster.stop, died: postmaster.died, pid: postmaster.pid };
    } catch (error) {
      endpoint.remove();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Apart from initializing the cluster, so that the next start repairs a crash between the two. */
async function createShopDatabase(postmaster: Postmaster, url: string): Promise<void> {
  const client = new ShopClient({ connectionString: url });
  try {
    await client.connect();
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = 'jangnal'");
    if (rowCount === 0) await client.query("CREATE DATABASE jangnal");
  } catch (error) {
    await postmaster.stop();
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
