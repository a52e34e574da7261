import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import { CommandFailed } from "./command-line.ts";
import { DataDirInUse, startEmbedded } from "../database/embedded/embedded.ts";

/**
 * Runs `work` on the shop's database: the configured one, the embedded one of a running shop, or the embedded one, started for this and
 * stopped again. Errors: CommandFailed if there is none. @param creates an embedded database is made if there is none
 */
export async function withShopDatabase<T>(config: Config, work: (url: string) => Promise<T>, { creates = false } = {}): Promise<T> {
  if (config.databaseUrl !== undefined) return work(config.databaseUrl);
  // In a wrong directory a command would make an empty shop, and report that nothing is wrong with it.
  if (!creates && !existsSync(join(config.dataDir, "postgres", "PG_VERSION")))
    throw new CommandFailed(`There is no shop in ${config.dataDir}: run this where the shop runs, or set DATA_DIR or DATABASE_URL.`);
  try {
    const embedded = await startEmbedded({ dataDir: config.dataDir });
    try {
      return await work(embedded.url("jangnal"));
    } finally {
      await embedded.stop();
    }
  } catch (error) {
    if (!(error instanceof DataDirInUse)) throw error;
    const url = runningDatabase(config.dataDir);
    if (url === undefined) throw error;
    return work(url);
  }
}

/** The URL of a running shop's embedded database. PostgreSQL writes its port and socket directory to lines 4 and 5 of `postmaster.pid`. */
function runningDatabase(dataDir: string): string | undefined {
  const path = join(dataDir, "postgres", "postmaster.pid");
  if (!existsSync(path)) return undefined;
  const [, , , port, directory] = readFileSync(path, "utf8").split("\n");
  return port && directory ? `postgresql:///jangnal?host=${encodeURIComponent(directory)}&port=${port}&user=jangnal&sslmode=disable` : undefined;
}
