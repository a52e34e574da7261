import { Database } from "./pool.ts";
import type { Statement } from "./statement.ts";

/**
 * Reads from a streaming replica that may be a little behind: for operators' lists, never for a
 * caller who must see their own last change. If a query fails (the replica is down, or replay
 * canceled the query), the primary executes it.
 */
export class Replica extends Database {
  readonly #primary: Database;

  constructor(url: string, primary: Database, options: { size: number; onError: (error: Error) => void }) {
    super(url, options);
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
