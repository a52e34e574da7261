// Runs tests of one file of this work tree until one fails, and prints a Trial as JSON on stdout.
// `node test/campaigns/mutations/in-copy.ts FILE PART_OF_TEST_NAMES SERVER_URL MIGRATED_DATABASE_OR_EMPTY`

import { randomBytes } from "node:crypto";
import { run } from "node:test";
import pg from "pg";
import { migrate } from "../../../src/database/migrate.ts";
import { withDatabase } from "../../support/server.ts";
import type { Trial } from "./trial.ts";

const TIMEOUT_MS = 120_000;

const [file, tests, serverUrl, migrated] = process.argv.slice(2) as [string, string, string, string];
const template = `mutations_${randomBytes(6).toString("hex")}`;

const server = new pg.Client({ connectionString: serverUrl });
await server.connect();
let trial: Trial;
try {
  await server.query(`CREATE DATABASE ${template}${migrated === "" ? "" : ` TEMPLATE ${migrated}`}`);
  if (migrated === "") await migrate(withDatabase(serverUrl, template));
  trial = await tryTests();
} catch (error) {
  trial = { passed: 0, red: null, broken: String(error) };
}
const { rows } = await server.query<{ datname: string }>("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", [template]);
for (const { datname } of rows) await server.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
await server.end();
console.log(JSON.stringify(trial));
process.exit();

function tryTests(): Promise<Trial> {
  process.env["TEST_SERVER_URL"] = serverUrl;
  process.env["TEST_TEMPLATE"] = template;
  const testNamePatterns = [new RegExp(tests.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))];
  const stop = new AbortController();
  const trial: Trial = { passed: 0, red: null, broken: null };
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(deadline);
      stop.abort();
      resolve(trial);
    };
    const deadline = setTimeout(() => {
      trial.red = `(none: the tests ran for more than ${TIMEOUT_MS / 1000} s)`;
      finish();
    }, TIMEOUT_MS);
    run({ files: [file], testNamePatterns, signal: stop.signal })
      .on("test:pass", ({ skip, details }) => {
        if (skip === undefined && details.type !== "suite") trial.passed++;
      })
      .on("test:fail", ({ name, details }) => {
        if (details.type === "suite" || stop.signal.aborted) return;
        const failure = (details.error as Error & { failureType?: string }).failureType;
        // A file that does not load, or a failed hook, says nothing about a test.
        if (failure === "hookFailed" || name.endsWith(file)) trial.broken ??= `${name}: ${String(details.error.cause ?? details.error)}`;
        else trial.red ??= name;
        finish();
      })
      .on("end", finish)
      .resume();
  });
}
