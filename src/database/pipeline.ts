// Pipelining: several statements in one round trip. The driver alone ends each statement with a
// Sync, at which PostgreSQL flushes its response. Here one Sync follows all statements, so a
// pipeline costs one write and one read. After an error PostgreSQL skips the rest of the pipeline,
// COMMIT included.

import pg from "pg";
import type { Statement } from "./statement.ts";

export const BEGIN: Statement = { name: "begin", text: "BEGIN", values: [] };
export const COMMIT: Statement = { name: "commit", text: "COMMIT", values: [] };

/**
 * A large pipeline is sent in parts of this size: PostgreSQL starts while the rest is still being
 * built.
 */
const CHUNK_BYTES = 8192;

/** The statements that are prepared on each connection, with their texts. */
const prepared = new WeakMap<pg.Connection, Map<string, string>>();

class Pipeline extends pg.Query {
  constructor(statements: Iterable<Statement>, settled: (error: Error | undefined, results: unknown) => void) {
    super("", settled);
    this.submit = (connection) => send(connection, statements);
  }
}

/**
 * Executes the statements and returns their results in order. After a failure the connection must
 * not be used again.
 * Errors: the first failed statement's, after which none was executed; or an error thrown by
 * `statements`.
 */
export function pipeline(client: pg.Client, statements: Iterable<Statement>): Promise<pg.QueryResult[]> {
  return new Promise((resolve, reject) => {
    client.query(
      new Pipeline(statements, (error, results) => {
        if (error) reject(error);
        else resolve((Array.isArray(results) ? results : [results]) as pg.QueryResult[]);
      }),
    );
  });
}

function send(connection: pg.Connection, statements: Iterable<Statement>): void {
  const known = prepared.get(connection) ?? new Map<string, string>();
  prepared.set(connection, known);
  const { stream } = connection;
  let corked = 0;
  stream.cork();
  try {
    for (const statement of statements) {
      corked += write(connection, known, statement);
      if (corked < CHUNK_BYTES) continue;
      stream.uncork();
      stream.cork();
      corked = 0;
    }
    connection.sync();
  } finally {
    stream.uncork();
  }
}

/** Returns the approximate number of bytes written. */
function write(connection: pg.Connection, known: Map<string, string>, { name, text, values }: Statement): number {
  const before = known.get(name);
  if (before === undefined) connection.parse({ name, text, types: [] }, true);
  else if (before !== text) throw new Error(`two statements have the name ${JSON.stringify(name)}`);
  known.set(name, text);
  const written = values.map(encoded);
  connection.bind({ statement: name, values: written }, true);
  connection.describe({ type: "P", name: "" }, true);
  connection.execute({}, true);
  return written.reduce((sum, value) => sum + (value?.length ?? 0), 0);
}

/** As text, or in binary if it is a Buffer. */
function encoded(value: unknown): string | Buffer | null {
  return value === null || value === undefined ? null : typeof value === "string" || Buffer.isBuffer(value) ? value : String(value);
}
