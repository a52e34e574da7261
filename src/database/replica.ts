import { Database } from "./pool.ts";
import type { Statement } from "./statement.ts";

const ANSWER_MS = 10_000;

/**
 * Reads from a streaming replica that may be a little behind: for operators' lists, never for a
 * caller who must see their own last change. If a query fails (the replica is down or
 * silent, or replay canceled the query), the primary executes it.
 */
export class Replica extends Database {
  readonly #primary: Database;

  constructor(url: string, primary: Database, options: { size: number; onError: (error: Error) => void }) {
    // A replica behind a cut wire answers too late as well.
    super(url, options, { query_timeout: ANSWER_MS });
    this.#primary = primary;
  }

  override async rows<Row>(statement: Statement): Promise<Row[]> {
    try {
      return await super.rows<Row>(statement);
    } catch {
      return this.#primary.rows<Row>(statement);
    }
  }
}
