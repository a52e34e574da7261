// Rounds on PostgreSQL. Each round is one transaction on one pipelined connection and takes two
// round trips: BEGIN and every lock in the first, every write and COMMIT in the second.

import pg from "pg";
import { SELECT_CLOCK } from "../database/clock.ts";
import { BEGIN, COMMIT, pipeline } from "../database/pipeline.ts";
import { isConnectionError } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";
import { type Admission, type FirstComeLock, LockTimeout } from "../lock/lock.ts";
import { postgresLock } from "../lock/postgres-lock.ts";
import { Connections } from "./connections.ts";
import { rank } from "./lock-order.ts";
import { Conflict, LostCommit, type OpenRound, RoundRejected, type Store, StoreUnavailable } from "./store.ts";
import type { Changes, Loaded, Need, Table } from "./table.ts";

export type PostgresStoreOptions = {
  url: string;
  /** The longest wait for a row lock, in ms. */
  lockWaitMs: number;
  /**
   * Returns the message to other instances about a round's changes. It is sent by NOTIFY in the
   * round's transaction.
   */
  announce?: (changes: Changes) => string | undefined;
  /** Admits rounds to first-come keys. Default: PostgreSQL's advisory locks. */
  firstCome?: FirstComeLock;
  /**
   * Called with the database's time that each round reads: `at`, read between `sentAt` and
   * `receivedAt` by `performance.now()`. All in ms.
   */
  onInstant?: (at: number, sentAt: number, receivedAt: number) => void;
  /** Replaces the database's clock in tests; ms since 1970. */
  now?: (() => number) | undefined;
};

/** The NOTIFY channel on which instances announce changes. */
export const CHANNEL = "jangnal";

export class PostgresStore implements Store {
  readonly #options: PostgresStoreOptions;
  readonly #connections: Connections;

  constructor(options: PostgresStoreOptions) {
    this.#options = options;
    this.#connections = new Connections(options.url, options.lockWaitMs);
  }

  async lock(needs: Iterable<Need>, waitMs: number): Promise<OpenRound> {
    const wanted = [...byTable(needs)];
    const contended = wanted.flatMap(([table, keys]) => (table.firstCome ? [...keys.keys()] : []));
    const admission = contended.length === 0 ? undefined : await (this.#options.firstCome ?? postgresLock).admit(contended, waitMs);
    try {
      const round = await this.#lockRows(wanted, waitMs, admission);
      return {
        loaded: round.loaded,
        now: round.now,
        commit: (roundId, changes) => round.commit(roundId, changes).finally(() => admission?.leave()),
        release() {
          round.release();
          admission?.leave();
        },
      };
    } catch (error) {
      admission?.leave(true);
      throw error;
    }
  }

  async #lockRows(wanted: [Table<unknown>, Map<string, number>][], waitMs: number, admission: Admission | undefined): Promise<OpenRound> {
    const before = this.#opening(waitMs, admission);
    const loads = wanted.map(([table, keys]) => table.load([...keys.keys()], [...keys.values()]));
    const client = await this.#connections.take();
    try {
      const sentAt = performance.now();
      const results = await pipeline(client, [...before, ...loads, CLOCK]);
      const now = this.#instant(results, sentAt);
      const loaded: Loaded = new Map();
      wanted.forEach(([table], i) => loaded.set(table, rowsByKey(table, results[before.length + i]?.rows ?? [])));
      return { loaded, now, commit: (roundId, changes) => this.#commit(client, roundId, changes), release: () => this.#release(client) };
    } catch (error) {
      this.#connections.discard(client);
      if (isConnectionError(error)) throw new StoreUnavailable("the connection to the database broke", { cause: error });
      throw error instanceof pg.DatabaseError ? storeError(error) : error;
    }
  }

  async outcome(roundId: string): Promise<"committed" | "abandoned"> {
    const client = await this.#connections.take();
    try {
      const [, lookup] = await pipeline(client, [
        { name: "claim round", text: CLAIM_ROUND, values: [roundId] },
        { name: "look up round", text: LOOK_UP_ROUND, values: [roundId] },
      ]);
      this.#connections.giveBack(client);
      return lookup?.rows[0]?.committed === true ? "committed" : "abandoned";
    } catch (error) {
      this.#connections.discard(client);
      throw new StoreUnavailable("the outcome of a round can't be looked up", { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  #instant(results: pg.QueryResult[], sentAt: number): number {
    const at = Number(results.at(-1)?.rows[0]?.now);
    this.#options.onInstant?.(at, sentAt, performance.now());
    return this.#options.now?.() ?? at;
  }

  #opening(waitMs: number, admission: Admission | undefined): Statement[] {
    return [
      BEGIN,
      ...(waitMs === this.#options.lockWaitMs ? [] : [{ name: "lock timeout", text: LOCK_TIMEOUT, values: [Math.ceil(waitMs)] }]),
      ...(admission ? [admission.statement] : []),
    ];
  }

  async #commit(client: pg.Client, roundId: string, changes: Changes): Promise<void> {
    try {
      const results = await pipeline(client, this.#writes(roundId, changes));
      // COMMIT of a failed transaction succeeds as well, as a ROLLBACK. Only the command tag tells.
      if (results.at(-1)?.command !== "COMMIT") throw new RoundRejected("the database answered COMMIT with ROLLBACK");
    } catch (error) {
      this.#connections.discard(client);
      if (error instanceof RoundRejected) throw error;
      // Only an error from the server proves that nothing was written. Any other error may have
      // happened after COMMIT arrived.
      if (error instanceof pg.DatabaseError && !isConnectionError(error)) throw storeError(error);
      throw new LostCommit("the connection broke while committing", { cause: error });
    }
    this.#connections.giveBack(client);
  }

  /**
   * Yields one statement at a time, so that the first is sent while the next is still being built.
   * Errors: RoundRejected.
   */
  *#writes(roundId: string, changes: Changes): Iterable<Statement> {
    yield { name: "round", text: ROUND, values: [roundId] };
    try {
      // The reverse of the lock order, because of foreign keys: a product is inserted before its
      // variants.
      const tables = [...changes.tables].sort(([a], [b]) => rank(b.name) - rank(a.name));
      for (const [table, changed] of tables) yield* table.save(changed).map(checkingRows);
      for (const [journal, rows] of changes.journals) yield checkingRows(journal.append(rows));
      const announcement = this.#options.announce?.(changes);
      if (announcement !== undefined) yield { name: "announce", text: `SELECT pg_notify('${CHANNEL}', $1)`, values: [announcement] };
    } catch (error) {
      throw new RoundRejected("the statements of a round can't be built", { cause: error });
    }
    yield COMMIT;
  }

  /**
   * Does not wait for ROLLBACK: a connection executes its statements in the order in which they
   * were sent.
   */
  #release(client: pg.Client): void {
    client.query("ROLLBACK").catch(() => this.#connections.discard(client));
    this.#connections.giveBack(client);
  }
}

const CLOCK: Statement = { name: "clock", text: SELECT_CLOCK, values: [] };
const LOCK_TIMEOUT = "SELECT set_config('lock_timeout', $1, true)";
const ROUND = "INSERT INTO rounds (id) VALUES ($1)";
/**
 * Inserting the id waits for the lost transaction if it is still running. If that transaction has
 * not inserted its own id by then, it never will. `infinity` marks the row as a claim, because the
 * response to this statement may be lost, too.
 */
const CLAIM_ROUND = "INSERT INTO rounds (id, created_at) VALUES ($1, 'infinity') ON CONFLICT DO NOTHING";
/**
 * A write that changes nothing. With a synchronous standby it is confirmed when the standby has it,
 * and so has everything that was written before. A mere read could see a round that only this
 * server has, and that is lost with it.
 */
const LOOK_UP_ROUND = "UPDATE rounds SET created_at = created_at WHERE id = $1 RETURNING created_at < 'infinity' AS committed";

/** Groups needs by table in the global lock order, each key once, with the sum of `most`. */
function byTable(needs: Iterable<Need>): Map<Table<unknown>, Map<string, number>> {
  const tables = new Map<Table<unknown>, Map<string, number>>();
  for (const { table, key, most = 0 } of needs) {
    let keys = tables.get(table);
    if (!keys) tables.set(table, (keys = new Map()));
    const sum = keys.get(key);
    if (sum === undefined || most > 0) keys.set(key, (sum ?? 0) + most);
  }
  return new Map([...tables].sort(([a], [b]) => rank(a.name) - rank(b.name)));
}

function rowsByKey(table: Table<unknown>, records: Record<string, unknown>[]): Map<string, unknown> {
  return new Map(records.map((record) => table.read(record)));
}

/**
 * Makes a statement that must touch a known number of rows divide by zero if it does not. The check
 * has to be in the transaction, because COMMIT is already sent when the row count comes back.
 */
function checkingRows({ name, text, values, rows }: Statement): Statement {
  if (rows === undefined) return { name, text, values };
  return {
    name,
    text: `WITH touched AS (${text} RETURNING 1) SELECT 1 / (count(*) = $${values.length + 1})::int FROM touched`,
    values: [...values, rows],
  };
}

/** Returns the store's error for an error of the server. In each case nothing was written. */
function storeError(cause: pg.DatabaseError): Error {
  const { code = "", message } = cause;
  // Deadlock, serialization failure, and a row that another transaction inserted first: the retry
  // reads the new rows.
  if (["40P01", "40001", "23505"].includes(code)) return new Conflict("the round conflicted with another transaction", { cause });
  if (code === "55P03") return new LockTimeout("another transaction held a row too long", { cause });
  // Disk full, too many connections, canceled by an administrator, a primary that became a standby:
  // not the commands' fault.
  if (/^(53|57|58|25006)/.test(code)) return new StoreUnavailable("the database can't work now", { cause });
  return new RoundRejected(`the database rejected a round: ${message}`, { cause });
}
