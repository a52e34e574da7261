import pg from "pg";
import { withDatabase } from "./server.ts";

let made = 0;

/**
 * A migrated, empty database of the caller's own, cloned from the template that `npm test` made.
 * Each test file takes one; `drop` it when the file is done (open connections are closed for it).
 */
export async function freshDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = process.env.TEST_SERVER_URL;
  const template = process.env.TEST_TEMPLATE;
  if (server === undefined || template === undefined) throw new Error("Tests that need a database run through npm test -- <file>.");
  // Begins with the template's name: whatever a killed test leaves is found, and dropped, by that.
  const name = `${template}_${process.pid}_${(made += 1)}`;
  await run(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  return { url: withDatabase(server, name), drop: () => run(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
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
