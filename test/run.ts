/**
 * What `npm test` calls: one PostgreSQL for all test files, a migrated template in it, node's test runner over the files.
 * `node test/run.ts [file …]`; TEST_DATABASE_URL names a server where databases may be made, in place of a temporary one.
 */
import { spawn } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbedded } from "../src/database/embedded/embedded.ts";
import { withDatabase } from "./support/server.ts";

type TestServer = { url: string; template: string; remove(): Promise<void> };

/** What needs servers that are not in npm: `npm run test:services`; or a browser: `npm run test:browser`. */
const NEEDS_MORE = /^test[\\/](services|browser)[\\/]/;
/** The data is thrown away in any case, so nothing needs to reach the disk. */
const THROWAWAY = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "300" };

process.chdir(join(import.meta.dirname, ".."));
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort(signal));
process.exitCode = await main(process.argv.slice(2));

async function main(given: string[]): Promise<number> {
  const files =
    given.length > 0
      ? given
      : globSync(["test/**/*.test.ts", "src/**/*.test.ts", "tools/**/*.test.ts"])
          .filter((file) => !NEEDS_MORE.test(file))
          .sort();
  if (files.length === 0) {
    console.error("No test files found.");
    return 1;
  }
  const server = await (process.env.TEST_DATABASE_URL === undefined ? temporaryServer() : givenServer(process.env.TEST_DATABASE_URL));
  try {
    await makeTemplate(server);
    return interrupted.signal.aborted ? 1 : await runTests(files, server);
  } finally {
    await server.remove();
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

/** On a server that others use too, everything that we make begins with a name of our own. */
async function givenServer(given: string): Promise<TestServer> {
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
  const { migrate } = await import("../src/database/migrate.ts");
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

function runTests(files: string[], { url, template }: TestServer): Promise<number> {
  const args = ["--test", `--test-concurrency=${availableParallelism()}`, "--test-reporter=spec", ...files];
  const env = { ...process.env, TEST_SERVER_URL: url, TEST_TEMPLATE: template };
  const runner = spawn(process.execPath, args, { stdio: "inherit", env });
  interrupted.signal.addEventListener("abort", () => runner.kill("SIGINT"));
  return new Promise((resolve, reject) => {
    runner.once("error", reject);
    runner.once("exit", (code) => resolve(code ?? 1));
  });
}
