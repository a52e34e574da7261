// Rounds on PostgreSQL. Each round is one transaction on one pipelined connection and takes two round trips:
// BEGIN and every lock in one flight, every write and COMMIT in the next.

import pg from "pg";
import { ShopClient } from "../database/client.ts";
import { connectionSettings, isConnectionError } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";
import { firstComeLock } from "../lock/first-come.ts";
import { rank } from "./lock-order.ts";
import type { Changes, Loaded, Need, Shelf } from "./shelf.ts";
import { Conflict, LockTimeout, LostCommit, type OpenRound, RoundRejected, type Store, StoreUnavailable } from "./store.ts";

export type PostgresStoreOptions = {
  url: string;
  /** How long a lock is waited for, in ms. */
  lockWaitMs: number;
  /** What other instances should hear of a round, sent with NOTIFY in its transaction. */
  announce?: (changes: Changes) => string | undefined;
};

/** The channel on which instances tell each other what has changed. */
export const CHANNEL = "jangnal";

export class PostgresStore implements Store {
  readonly #options: PostgresStoreOptions;
  readonly #idle: pg.Client[] = [];
  readonly #all = new Set<pg.Client>();

  constructor(options: PostgresStoreOptions) {
    this.#options = options;
  }

  async lock(needs: Iterable<Need>): Promise<OpenRound> {
    const client = await this.#take();
    const wanted = [...byShelf(needs)];
    try {
      const contended = wanted.flatMap(([shelf, keys]) => (shelf.firstCome ? [...keys] : []));
      const before = [client.query("BEGIN"), ...(contended.length > 0 ? [client.query(firstComeLock(contended))] : [])];
      const results = await flight([...before, ...wanted.map(([shelf, keys]) => client.query(shelf.load([...keys])))]);
      const loaded: Loaded = new Map();
      wanted.forEach(([shelf], i) => loaded.set(shelf, index(shelf, results[before.length + i]?.rows ?? [])));
      return { loaded, commit: (roundId, changes) => this.#commit(client, roundId, changes), release: () => this.#release(client) };
    } catch (error) {
      this.#discard(client);
      throw lockFailure(error);
    }
  }

  async outcome(roundId: string): Promise<"committed" | "abandoned"> {
    // Taking the id ourselves waits for the lost transaction if it still runs, and if it never comes to write its own id, it never will.
    const client = await this.#take();
    try {
      const { rowCount } = await client.query(ROUND_ID, [roundId]);
      this.#idle.push(client);
      return rowCount === 0 ? "committed" : "abandoned";
    } catch (error) {
      this.#discard(client);
      throw new StoreUnavailable("the outcome of a round can't be looked up", { cause: error });
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((client) => client.end().catch(() => {})));
  }

  async #commit(client: pg.Client, roundId: string, changes: Changes): Promise<void> {
    const statements: Statement[] = [{ name: "round", text: ROUND, values: [roundId] }];
    for (const [shelf, changed] of changes.shelves) statements.push(...shelf.save(changed));
    for (const [journal, rows] of changes.journals) statements.push(journal.append(rows));
    const announcement = this.#options.announce?.(changes);
    if (announcement !== undefined) statements.push({ name: "announce", text: `SELECT pg_notify('${CHANNEL}', $1)`, values: [announcement] });
    try {
      const results = await flight([...statements.map((statement) => client.query(exactly(statement))), client.query("COMMIT")]);
      // Behind an error a pipelined COMMIT resolves all the same, as a ROLLBACK: only its tag tells.
      if (results.at(-1)?.command !== "COMMIT") throw new RoundRejected("COMMIT was answered with ROLLBACK");
      this.#idle.push(client);
    } catch (error) {
      this.#discard(client);
      if (error instanceof RoundRejected) throw error;
      if (isConnectionError(error)) throw new LostCommit("the connection broke while committing", { cause: error });
      if (isConflict(error)) throw new Conflict("the round met another", { cause: error });
      throw new RoundRejected(`the database rejected a round: ${(error as Error).message}`, { cause: error });
    }
  }

  #release(client: pg.Client): void {
    client.query("ROLLBACK").catch(() => this.#discard(client));
    this.#idle.push(client);
  }

  async #take(): Promise<pg.Client> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    const settings = connectionSettings(this.#options.url);
    const client = new ShopClient({
      ...settings,
      options: `${settings.options} -c lock_timeout=${this.#options.lockWaitMs} -c idle_in_transaction_session_timeout=30000`,
      pipeline: true,
      query_timeout: this.#options.lockWaitMs + 5000,
    } as pg.ClientConfig);
    client.on("error", () => this.#discard(client));
    try {
      await client.connect();
    } catch (error) {
      throw new StoreUnavailable("the database can't be reached", { cause: error });
    }
    this.#all.add(client);
    return client;
  }

  /** A connection on which anything failed is not used again: what it was in the middle of is nobody's to know. */
  #discard(client: pg.Client): void {
    this.#all.delete(client);
    const at = this.#idle.indexOf(client);
    if (at >= 0) this.#idle.splice(at, 1);
    client.end().catch(() => {});
  }
}

const ROUND = "INSERT INTO rounds (id) VALUES ($1)";
const ROUND_ID = "INSERT INTO rounds (id) VALUES ($1) ON CONFLICT DO NOTHING";

/** The needs of a round, shelf by shelf in the global lock order, each key once. */
function byShelf(needs: Iterable<Need>): Map<Shelf<unknown>, Set<string>> {
  const shelves = new Map<Shelf<unknown>, Set<string>>();
  for (const { shelf, key } of needs) {
    const keys = shelves.get(shelf);
    if (keys) keys.add(key);
    else shelves.set(shelf, new Set([key]));
  }
  return new Map([...shelves].sort(([a], [b]) => rank(a.name) - rank(b.name)));
}

function index(shelf: Shelf<unknown>, records: unknown[]): Map<string, unknown> {
  const rows = new Map<string, unknown>();
  for (const record of records) {
    const [key, row] = shelf.read(record as Record<string, unknown>);
    rows.set(key, row);
  }
  return rows;
}

/** Waits for the whole flight, so that no answer is left on the wire, then fails with the first error of it. */
async function flight(queries: Promise<pg.QueryResult>[]): Promise<pg.QueryResult[]> {
  const settled = await Promise.allSettled(queries);
  return settled.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}

/**
 * A statement that must touch a known number of rows divides by zero where it does not. COMMIT is on its way already when
 * the count comes back, so the check has to stand inside the transaction.
 */
function exactly({ name, text, values, rows }: Statement): Statement {
  if (rows === undefined) return { name, text, values };
  return { name, text: `WITH touched AS (${text} RETURNING 1) SELECT 1 / (count(*) = $${values.length + 1})::int FROM touched`, values: [...values, rows] };
}

/** Deadlock, serialization, and a unique row that another transaction made first: looked at again, each will be decided otherwise. */
function isConflict(error: unknown): boolean {
  return ["40P01", "40001", "23505"].includes(String((error as { code?: unknown }).code));
}

function lockFailure(error: unknown): Error {
  if (isConnectionError(error)) return new StoreUnavailable("the database went away", { cause: error });
  if (isConflict(error)) return new Conflict("the round met another", { cause: error });
  if ((error as { code?: unknown }).code === "55P03") return new LockTimeout("a row was held too long", { cause: error });
  return error as Error;
}
