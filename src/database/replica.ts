import { Database } from "./pool.ts";
import type { Statement } from "./statement.ts";

/**
 * Reads that may be a little old, from a streaming replica: for operators' lists, never where somebody must see what was just done.
 * What the replica can't answer (it is away, or had to cancel for what it was replaying) the primary does.
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
