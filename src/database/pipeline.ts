// Several statements as one message: sent at once, done one after the other, answered at once. The driver alone ends each statement
// with a Sync, at which PostgreSQL sends its answer off by itself; here there is one Sync behind all of them, so a flight costs one
// write and one read however many statements it has. After an error PostgreSQL does nothing of what follows, COMMIT included.

import pg from "pg";
import type { Statement } from "./statement.ts";

export const BEGIN: Statement = { name: "begin", text: "BEGIN", values: [] };
export const COMMIT: Statement = { name: "commit", text: "COMMIT", values: [] };

/** So much of a large flight goes off at a time: PostgreSQL begins with it while the rest is still being put into words. */
const CHUNK_BYTES = 8192;

/** Which names a connection has been told of, with their texts. */
const prepared = new WeakMap<pg.Connection, Map<string, string>>();

class Pipeline extends pg.Query {
  constructor(statements: Iterable<Statement>, settled: (error: Error | undefined, results: unknown) => void) {
    super("", settled);
    this.submit = (connection) => send(connection, statements);
  }
}

/**
 * The results of all of these, in their order. On a connection that failed nothing else may be sent.
 * Errors: the first statement's that failed, none of those behind it was looked at; or what `statements` itself throws.
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

/** Answers about how much that was. */
function write(connection: pg.Connection, known: Map<string, string>, { name, text, values }: Statement): number {
  const before = known.get(name);
  if (before === undefined) connection.parse({ name, text, types: [] }, true);
  else if (before !== text) throw new Error(`two statements are called ${JSON.stringify(name)}`);
  known.set(name, text);
  const written = values.map(asText);
  connection.bind({ statement: name, values: written }, true);
  connection.describe({ type: "P", name: "" }, true);
  connection.execute({}, true);
  return written.reduce((sum, value) => sum + (value?.length ?? 0), 0);
}

function asText(value: unknown): string | null {
  return value === null || value === undefined ? null : typeof value === "string" ? value : String(value);
}
