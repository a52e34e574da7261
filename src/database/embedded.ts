import { resolve } from "node:path";
import { ShopClient } from "./client.ts";
import { makeDataDir } from "./data-dir.ts";
import { findBinaries } from "./embedded/binaries.ts";
import { initializeCluster } from "./embedded/initialize.ts";
import { lockDataDir } from "./embedded/lock.ts";
import { openLog } from "./embedded/log.ts";
import { launchPostmaster, type Postmaster } from "./embedded/postmaster.ts";
import { stopPreviousPostmaster } from "./embedded/previous.ts";
import { makeEndpoint } from "./embedded/endpoint.ts";
import { chooseAccount } from "./embedded/account.ts";

export { DataDirInUse } from "./embedded/lock.ts";

export type EmbeddedServer = {
  /** libpq-style URL of the given database on this server, over its Unix socket (TCP on 127.0.0.1 only on Windows). */
  url(database: string): string;
  /** Fast shutdown; resolves when the server is gone. Idempotent. */
  stop(): Promise<void>;
  /** Kills nothing; resolves with a reason when the postmaster ends without stop() having been asked. */
  died: Promise<string>;
  pid: number;
};

export type EmbeddedOptions = {
  dataDir: string;
  /** Server settings that go before our own, by their names in postgresql.conf. */
  settings?: Record<string, string>;
  /** Gets the server's log line by line; without it the log goes to `<dataDir>/postgres.log`. */
  log?: (line: string) => void;
};

/**
 * Starts the PostgreSQL that came with npm on the cluster in `<dataDir>/postgres`, making it on the first start, with a
 * database named `jangnal` in it. Resolves when queries are answered.
 * Throws `DataDirInUse` when another process holds `dataDir`, having changed nothing; otherwise an Error of one sentence.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const dataDir = resolve(options.dataDir);
  makeDataDir(dataDir);
  // Everything below may write; nothing above does, once the directory is there.
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

/** Not part of initializing, so that a crash between the two heals itself at the next start. */
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
