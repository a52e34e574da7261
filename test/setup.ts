/**
 * Setup of the test runner, once for all test files: `node --test --test-global-setup=test/setup.ts`.
 * Starts a temporary PostgreSQL and migrates a template database; each test file clones it (support/database.ts).
 * TEST_DATABASE_URL names a server on which the tests may create databases, in place of the temporary one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbedded } from "../src/database/embedded/embedded.ts";
import { migrate } from "../src/database/migrate.ts";
import { FILES_AT_ONCE } from "./support/files-at-once.ts";
import { withDatabase } from "./support/server.ts";

type TestServer = { url: string; template: string; remove(): Promise<void> };

/** One file can have several instances, of which each may have 15. Not all files are of that kind. */
const CONNECTIONS = Math.min(200 * FILES_AT_ONCE, 1000);
/** The data is deleted after the run, so nothing has to reach the disk. */
const THROWAWAY = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: String(CONNECTIONS) };

let started: Promise<TestServer> | undefined;
let removed: Promise<void> | undefined;

export async function globalSetup(): Promise<void> {
  started = start();
  const { url, template } = await started;
  process.env.TEST_SERVER_URL = url;
  process.env.TEST_TEMPLATE = template;
}

/**
 * When interrupted, Node calls this during the setup too, and twice. It exits as soon as one call resolves,
 * so all calls wait for the same removal.
 */
export async function globalTeardown(): Promise<void> {
  await (removed ??= started?.then(
    (server) => server.remove(),
    () => {}, // A failed start has removed its files.
  ));
}

async function start(): Promise<TestServer> {
  const given = process.env.TEST_DATABASE_URL;
  const server = given === undefined ? await temporaryServer() : givenServer(given);
  try {
    await makeTemplate(server);
    return server;
  } catch (error) {
    await server.remove();
    throw error;
  }
}

async function temporaryServer(): Promise<TestServer> {
  const dataDir = mkdtempSync(join(tmpdir(), "jangnal-test-"));
  try {
    const embedded = await startEmbedded({ dataDir, settings: THROWAWAY });
    return {
      url: embedded.url("postgres"),
      template: "jangnal_template",
      async remove() {
        await embedded.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
}

/** On a shared server, the names of all our databases start with the template's name. */
function givenServer(given: string): TestServer {
  const url = withDatabase(given, "postgres");
  const template = `jangnal_template_${process.pid}`;
  const remove = (): Promise<void> =>
    withClient(url, async (client) => {
      const made = await client.query<{ datname: string }>("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", [template]);
      for (const { datname } of made.rows) await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(datname)} WITH (FORCE)`);
    });
  return { url, template, remove };
}

async function makeTemplate({ url, template }: TestServer): Promise<void> {
  await withClient(url, (client) => client.query(`CREATE DATABASE ${template}`));
  await migrate(withDatabase(url, template));
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
