// For campaigns that are no test files: a throw-away PostgreSQL with a migrated template, as `npm test` has one.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbedded } from "../../src/database/embedded/embedded.ts";
import { migrate } from "../../src/database/migrate.ts";

const TEMPLATE = "jangnal_template";
const THROWAWAY = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "300" };

/** `freshDatabase` and whoever uses it work inside. What is thrown there is printed, and ends the process with 1. */
export async function withTestServer(work: () => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "jangnal-campaign-"));
  const server = await startEmbedded({ dataDir, settings: THROWAWAY });
  try {
    const client = new pg.Client({ connectionString: server.url("postgres") });
    await client.connect();
    await client.query(`CREATE DATABASE ${TEMPLATE}`);
    await client.end();
    await migrate(server.url(TEMPLATE));
    process.env["TEST_SERVER_URL"] = server.url("postgres");
    process.env["TEST_TEMPLATE"] = TEMPLATE;
    await work();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
    process.exit(); // What a campaign that failed has left open is nobody's any more.
  }
}
