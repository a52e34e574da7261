import { after } from "node:test";
import pg from "pg";
import { globalSetup, globalTeardown } from "../setup.ts";
import { keepLedgers } from "./history.ts";
import { withDatabase } from "./server.ts";

let made = 0;

// An editor's test explorer may run a file without the global setup: then the file starts a server of its own.
const isAlone = process.env.NODE_TEST_CONTEXT !== undefined && process.env.TEST_SERVER_URL === undefined;
if (isAlone) {
  await globalSetup();
  after(globalTeardown);
}

/**
 * Creates a migrated, empty database, cloned from the template of test/setup.ts.
 * Each test file takes its own and drops it at the end; `drop` closes connections that are still open.
 */
export async function freshDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = process.env.TEST_SERVER_URL;
  const template = process.env.TEST_TEMPLATE;
  if (server === undefined || template === undefined) throw new Error("a test that needs a database runs through npm test -- FILE");
  // The template's name comes first, so that the teardown finds the databases of a killed test.
  const name = `${template}_${process.pid}_${(made += 1)}`;
  await run(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = withDatabase(server, name);
  const drop = async (): Promise<void> => {
    await keepLedgers(url);
    await run(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  return { url, drop };
}

async function run(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
