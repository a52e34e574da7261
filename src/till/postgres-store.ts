// Rounds on PostgreSQL. Each round is one transaction on one pipelined connection and takes two round trips:
// BEGIN and every lock in one flight, every write and COMMIT in the next.

import { setTimeout as patience } from "node:timers/promises";
import pg from "pg";
import { ShopClient } from "../database/client.ts";
import { SELECT_CLOCK } from "../database/clock.ts";
import { BEGIN, COMMIT, pipeline } from "../database/pipeline.ts";
import { connectionSettings, isConnectionError } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";
import type { Admission, FirstComeLock } from "../lock/lock.ts";
import { postgresLock } from "../lock/postgres-lock.ts";
import { rank } from "./lock-order.ts";
import type { Changes, Loaded, Need, Table } from "./table.ts";
import { Conflict, LockTimeout, LostCommit, type OpenRound, RoundRejected, type Store, StoreUnavailable } from "./store.ts";

export type PostgresStoreOptions = {
  url: string;
  /** How long a lock is waited for, in ms. */
  lockWaitMs: number;
  /** What other instances should hear of a round, sent with NOTIFY in its transaction. */
  announce?: (changes: Changes) => string | undefined;
  /** Who admits a round to first-come keys; PostgreSQL itself, unless given. */
  firstCome?: FirstComeLock;
  /** Told of the database's time that each round brings: `at`, read between `sentAt` and `heardAt` by `performance.now()`; all in ms. */
  onInstant?: (at: number, sentAt: number, heardAt: number) => void;
  /** In place of the database's clock, for tests; ms since 1970. */
  now?: (() => number) | undefined;
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

  async lock(needs: Iterable<Need>, waitMs: number): Promise<OpenRound> {
    const wanted = [...byTable(needs)];
    const contended = wanted.flatMap(([shelf, keys]) => (shelf.firstCome ? [...keys] : []));
    const admission = contended.length === 0 ? undefined : await (this.#options.firstCome ?? postgresLock).admit(contended, waitMs);
    try {
      const round = await this.#locked(wanted, waitMs, admission);
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

  async #locked(wanted: [Table<unknown>, Set<string>][], waitMs: number, admission: Admission | undefined): Promise<OpenRound> {
    const before = this.#opening(waitMs, admission);
    const loads = wanted.map(([shelf, keys]) => shelf.load([...keys]));
    const client = await this.#take();
    try {
      const sentAt = performance.now();
      const results = await pipeline(client, [...before, ...loads, CLOCK]);
      const now = this.#instant(results, sentAt);
      const loaded: Loaded = new Map();
      wanted.forEach(([shelf], i) => loaded.set(shelf, index(shelf, results[before.length + i]?.rows ?? [])));
      return { loaded, now, commit: (roundId, changes) => this.#commit(client, roundId, changes), release: () => this.#release(client) };
    } catch (error) {
      this.#discard(client);
      if (isConnectionError(error)) throw new StoreUnavailable("the database went away", { cause: error });
      throw error instanceof pg.DatabaseError ? refused(error) : error;
    }
  }

  async outcome(roundId: string): Promise<"committed" | "abandoned"> {
    const client = await this.#take();
    try {
      const [, looked] = await pipeline(client, [
        { name: "claim round", text: CLAIM_ROUND, values: [roundId] },
        { name: "look up round", text: LOOK_UP_ROUND, values: [roundId] },
      ]);
      this.#giveBack(client);
      return looked?.rows[0]?.committed === true ? "committed" : "abandoned";
    } catch (error) {
      this.#discard(client);
      throw new StoreUnavailable("the outcome of a round can't be looked up", { cause: error });
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map(goodbye));
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
      // A transaction that has failed is answered well too, with ROLLBACK: only the tag tells.
      if (results.at(-1)?.command !== "COMMIT") throw new RoundRejected("COMMIT was answered with ROLLBACK");
    } catch (error) {
      this.#discard(client);
      if (error instanceof RoundRejected) throw error;
      // Only what the server itself has refused is known not to be there. Anything else may have struck when COMMIT had arrived.
      if (error instanceof pg.DatabaseError && !isConnectionError(error)) throw refused(error);
      throw new LostCommit("the connection broke while committing", { cause: error });
    }
    this.#giveBack(client);
  }

  /** Statement by statement, so that the first is on its way while the next is still being put into words. Errors: RoundRejected. */
  *#writes(roundId: string, changes: Changes): Iterable<Statement> {
    yield { name: "round", text: ROUND, values: [roundId] };
    try {
      // The lock order backwards, whoever asked first: a product stands there before its variants, which refer to it.
      const shelves = [...changes.tables].sort(([a], [b]) => rank(b.name) - rank(a.name));
      for (const [shelf, changed] of shelves) yield* shelf.save(changed).map(exactly);
      for (const [journal, rows] of changes.journals) yield exactly(journal.append(rows));
      const announcement = this.#options.announce?.(changes);
      if (announcement !== undefined) yield { name: "announce", text: `SELECT pg_notify('${CHANNEL}', $1)`, values: [announcement] };
    } catch (error) {
      throw new RoundRejected("a round can't be put into words", { cause: error });
    }
    yield COMMIT;
  }

  /** The next round may follow at once: on one connection everything is done in the order in which it was sent. */
  #release(client: pg.Client): void {
    client.query("ROLLBACK").catch(() => this.#discard(client));
    this.#giveBack(client);
  }

  async #take(): Promise<pg.Client> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    const { url, lockWaitMs } = this.#options;
    const settings = connectionSettings(url);
    const client = new ShopClient({
      ...settings,
      // An instance that stops in the middle of a round holds up the others no longer than they would wait.
      options: `${settings.options} ${BY_KEY} -c lock_timeout=${lockWaitMs} -c idle_in_transaction_session_timeout=${Math.max(lockWaitMs, 1000)}`,
      pipeline: true,
      query_timeout: lockWaitMs + 5000,
    });
    client.on("error", () => this.#discard(client));
    try {
      await client.connect();
    } catch (error) {
      this.#discard(client);
      throw new StoreUnavailable("the database can't be reached", { cause: error });
    }
    this.#all.add(client);
    return client;
  }

  #giveBack(client: pg.Client): void {
    if (this.#all.has(client)) this.#idle.push(client);
  }

  /** A connection on which anything failed is not used again: what it was in the middle of is nobody's to know. */
  #discard(client: pg.Client): void {
    this.#all.delete(client);
    const at = this.#idle.indexOf(client);
    if (at >= 0) this.#idle.splice(at, 1);
    void goodbye(client);
  }
}

/**
 * A round finds every row by its key, so its plans need not be made anew for each round (which costs a lonely order more than what they
 * do), nor can they become scans of whole tables because nobody has counted those yet.
 */
export const BY_KEY = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off";

/** Last in the flight, so it is read when every lock is held: of two rounds that wait for the same row, the later has the later instant. */
const CLOCK: Statement = { name: "clock", text: SELECT_CLOCK, values: [] };
const LOCK_TIMEOUT = "SELECT set_config('lock_timeout', $1, true)";
const ROUND = "INSERT INTO rounds (id) VALUES ($1)";
/**
 * Taking the id ourselves waits for the lost transaction if it still runs, and if it never came to write its own id, it never will.
 * The row says that it is ours, for the answer to this may be lost too.
 */
const CLAIM_ROUND = "INSERT INTO rounds (id, created_at) VALUES ($1, 'infinity') ON CONFLICT DO NOTHING";
/**
 * A write, though it changes nothing: with a synchronous standby it is answered when the standby has it, and then it has all that was
 * written before. Only read, a round may be seen that one server alone has, and that goes with it.
 */
const LOOK_UP_ROUND = "UPDATE rounds SET created_at = created_at WHERE id = $1 RETURNING created_at < 'infinity' AS committed";

/** Ends a connection, and cuts it where nobody is left on the other side to say goodbye to. */
async function goodbye(client: pg.Client): Promise<void> {
  await Promise.race([client.end(), patience(GOODBYE_MS, undefined, { ref: false })]);
  client.connection.stream.destroy();
}
const GOODBYE_MS = 1000;

/** The needs of a round, shelf by shelf in the global lock order, each key once. */
function byTable(needs: Iterable<Need>): Map<Table<unknown>, Set<string>> {
  const shelves = new Map<Table<unknown>, Set<string>>();
  for (const { table: shelf, key } of needs) {
    const keys = shelves.get(shelf);
    if (keys) keys.add(key);
    else shelves.set(shelf, new Set([key]));
  }
  return new Map([...shelves].sort(([a], [b]) => rank(a.name) - rank(b.name)));
}

function index(shelf: Table<unknown>, records: unknown[]): Map<string, unknown> {
  const rows = new Map<string, unknown>();
  for (const record of records) {
    const [key, row] = shelf.read(record as Record<string, unknown>);
    rows.set(key, row);
  }
  return rows;
}

/**
 * A statement that must touch a known number of rows divides by zero where it does not. COMMIT is on its way already when
 * the count comes back, so the check has to stand inside the transaction.
 */
function exactly({ name, text, values, rows }: Statement): Statement {
  if (rows === undefined) return { name, text, values };
  return {
    name,
    text: `WITH touched AS (${text} RETURNING 1) SELECT 1 / (count(*) = $${values.length + 1})::int FROM touched`,
    values: [...values, rows],
  };
}

/** What it means for a round that the server has refused a statement of it. In each case nothing was written. */
function refused(cause: pg.DatabaseError): Error {
  const { code = "", message } = cause;
  // Deadlock, serialization, and a unique row that another transaction made first: looked at again, each will be decided otherwise.
  if (["40P01", "40001", "23505"].includes(code)) return new Conflict("the round met another", { cause });
  if (code === "55P03") return new LockTimeout("a row was held too long", { cause });
  // Full disks, too many connections, cancelled by hand, a primary that has become a standby: nothing that a command could help.
  if (/^(53|57|58|25006)/.test(code)) return new StoreUnavailable("the database can't work now", { cause });
  return new RoundRejected(`the database rejected a round: ${message}`, { cause });
}
