// Opens the shop's database: the configured one or the embedded one, migrated, with its clock and its replica.

import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { DatabaseClock } from "../database/clock.ts";
import { makeDataDir } from "../database/data-dir.ts";
import { startEmbedded } from "../database/embedded/embedded.ts";
import { migrate } from "../database/migrate.ts";
import { Database } from "../database/pool.ts";
import { Replica } from "../database/replica.ts";
import { ConfigError } from "../env.ts";

export type ShopDatabase = {
  url: string;
  database: Database;
  /** For operators' lists, which may be slightly outdated: the replica, if there is one. */
  lists: Database;
  clock: DatabaseClock;
  /** Resolves with the reason if the embedded database dies; undefined for a configured database. */
  died: Promise<string> | undefined;
};

/**
 * Opens it, and adds to `stack` how to close it.
 * Errors: ConfigError, and the embedded database's, each one sentence that says what to do.
 */
export async function openDatabase(config: Config, stack: AsyncDisposableStack, log: Logger): Promise<ShopDatabase> {
  makeDataDir(config.dataDir);
  const embedded =
    config.databaseUrl === undefined ? await startEmbedded({ dataDir: config.dataDir, log: (line) => log.debug({ postgres: line }) }) : undefined;
  stack.defer(async () => {
    log.level = "silent"; // Connections that are still closing break when the embedded database stops.
    await embedded?.stop();
  });
  const url = config.databaseUrl ?? (embedded as NonNullable<typeof embedded>).url("jangnal");
  await migrate(url, (message) => log.warn({ reason: message }, "the start changed the database")).catch((error: unknown) => {
    throw embedded ? error : unusable("DATABASE_URL", error);
  });

  const onError = (error: Error): void => log.warn({ err: error.message }, "a database connection broke");
  const database = new Database(url, { size: 8, onError });
  stack.defer(() => database.close());
  const clock = new DatabaseClock();
  stack.defer(() => clock.stop());
  await clock.start(database);
  const replica = config.databaseReadUrl === undefined ? undefined : new Replica(config.databaseReadUrl, database, { size: 4, onError });
  if (replica) stack.defer(() => replica.close());
  return { url, database, lists: replica ?? database, clock, died: embedded?.died };
}

/** The error under the name of its setting. */
function unusable(setting: string, error: unknown): ConfigError {
  const { message, code } = error as NodeJS.ErrnoException;
  return new ConfigError(`${setting} cannot be used: ${message || code}`);
}
