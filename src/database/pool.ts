// Connections to PostgreSQL: their settings, the types of results, and a pool for reads and jobs.

import pg from "pg";
import { ShopClient, type ShopClientConfig } from "./client.ts";
import { serversOf } from "./servers.ts";
import { SilenceWatch } from "./silence.ts";
import type { Statement } from "./statement.ts";

const { builtins } = pg.types;

/**
 * int8 and numeric as numbers (the shop's amounts stay below 2^53), timestamps as ms since 1970,
 * dates as text.
 */
const PARSERS = new Map<number, (text: string) => unknown>([
  [builtins.INT8, Number],
  [builtins.NUMERIC, Number],
  [builtins.TIMESTAMPTZ, parseTimestamp],
  [builtins.DATE, (text) => text],
]);

let lastText = "";
let lastMs = Number.NaN;

/** Parses `2026-11-20 10:23:33.123+00`, the format of a session in UTC. Remembers the last one, which the rows of a round share. */
function parseTimestamp(text: string): number {
  if (text !== lastText) {
    lastMs = msOf(text);
    lastText = text;
  }
  return lastMs;
}

function msOf(text: string): number {
  if (text === "infinity") return Number.POSITIVE_INFINITY;
  if (text === "-infinity") return Number.NEGATIVE_INFINITY;
  return Date.parse(`${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, "Z")}`);
}

export const types = {
  getTypeParser: (oid: number, format?: "text" | "binary") => PARSERS.get(oid) ?? pg.types.getTypeParser(oid, format),
};

/**
 * The settings of all connections, for a ShopClient: of several servers it connects to the primary.
 */
export function connectionSettings(url: string): ShopClientConfig {
  const servers = serversOf(url);
  return {
    connectionString: servers?.urls[0] ?? url,
    servers,
    types,
    options: "-c timezone=UTC -c datestyle=ISO",
    application_name: "jangnal",
    keepAlive: true,
    // A crashed machine sends no FIN. Without this, TCP would find out after two hours, and a
    // listener miss all messages until then.
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: 5000,
  };
}

/** `silentMs`: after this time without data, the pool asks whether a query's server is still there. */
export type DatabaseOptions = { size: number; onError: (error: Error) => void; silentMs?: number };

const SILENT_MS = 10_000;

/** A pool for reads and jobs. The till has its own connections. */
export class Database {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly #silence: SilenceWatch;

  /** @param settings further settings of the connections */
  constructor(url: string, { size, onError, silentMs = SILENT_MS }: DatabaseOptions, settings: pg.ClientConfig = {}) {
    this.url = url;
    const client = { ...connectionSettings(url), ...settings };
    this.pool = new pg.Pool({
      ...client,
      Client: ShopClient,
      max: size,
      idleTimeoutMillis: 60_000,
      // The pool waits for the promise, although its type does not say so.
      onConnect: (made) => this.#silence.meet(made as pg.Client) as unknown as void,
    });
    this.pool.on("error", onError); // The pool replaces a broken idle connection at its next use.
    this.#silence = new SilenceWatch(this.pool, client, silentMs);
  }

  /** Executes a prepared statement outside any transaction and returns its rows. */
  async rows<Row>(statement: Statement): Promise<Row[]> {
    const result = await this.pool.query(statement);
    return result.rows as Row[];
  }

  /** Runs `work` in one transaction on one connection. An error in it rolls back. */
  async transaction<T>(work: (run: <Row>(text: string, values?: unknown[]) => Promise<Row[]>) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query("BEGIN");
      const result = await work(async <Row>(text: string, values?: unknown[]) => (await client.query(text, values)).rows as Row[]);
      await client.query("COMMIT");
      client.release();
      return result;
    } catch (error) {
      // The connection may be in any state, so it is closed: a rollback that always works.
      client.release(true);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#silence.stop();
    await this.pool.end();
  }
}

/** Tells whether a primary that has become a standby rejected a write. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "25006";
}

/**
 * Tells whether the database could not be reached or is shutting down, as opposed to rejecting a
 * statement.
 */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  if (code === "ENOENT") return syscall === "connect"; // A missing server socket, not another missing file.
  if (typeof code === "string") {
    return /^(08|57P0[1-5]|ECONN|EPIPE|ETIMEDOUT|EHOST|ENETUNREACH|EAI_|53300|25P03|ERR_TLS|ERR_SSL|UNABLE_TO_)|CERT/.test(code);
  }
  return /Query read timeout|Connection terminated|connection error|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|server closed/i.test(
    error.message,
  );
}
