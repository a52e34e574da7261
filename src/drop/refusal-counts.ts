// How many requests each drop has refused, by code. Counted in memory, and added to the database's counts every other second: a
// crash loses at most these seconds.

import type { Database } from "../database/pool.ts";
import type { Submission } from "../http/route.ts";
import type { KeyedResponse } from "../idempotency/idempotent-command.ts";
import { Refusal } from "../refusal.ts";
import type { KnownDrops } from "./product-drops.ts";
import { addRefusals } from "./report.sql.ts";

const FLUSH_MS = 2000;

export class RefusalCounts {
  readonly #database: Database;
  readonly #productDrops: KnownDrops;
  #counts = new Map<string, { dropId: string; code: string; count: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database, productDrops: KnownDrops) {
    this.#database = database;
    this.#productDrops = productDrops;
  }

  /** Counts the refusals of a submission that name a drop, or a product that is in one. */
  counting(submission: Submission): Submission {
    submission.onResponse = this.#onResponse;
    submission.onError = this.#onError;
    return submission;
  }

  readonly #onResponse = ({ status, body, replayed }: KeyedResponse): void => {
    // The answer to a request with a key is stored, refusals too. A repeat is not another refusal.
    if (status < 400 || replayed) return;
    const code = /"code":"(\w+)"/.exec(body)?.[1];
    if (code) this.#countRefusal(code, /"dropId":"([^"]+)"/.exec(body)?.[1], /"productId":"([^"]+)"/.exec(body)?.[1]);
  };

  readonly #onError = (error: unknown): void => {
    if (!(error instanceof Refusal)) return;
    const { dropId, productId } = error.details;
    this.#countRefusal(error.code, dropId, productId);
  };

  /** Adds the counts to the database's. Errors: the database's; then the counts are kept for the next time. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = [...this.#counts.values()];
    if (counts.length === 0) return;
    this.#counts = new Map();
    try {
      await this.#database.rows(addRefusals(counts));
    } catch (error) {
      for (const { dropId, code, count } of counts) this.#count(dropId, code, count);
      throw error;
    }
  }

  /** A refusal for want of stock names only the product. While the database is away, it may stay uncounted. */
  #countRefusal(code: string, dropId: unknown, productId: unknown): void {
    if (typeof dropId === "string") return this.#count(dropId, code);
    if (typeof productId !== "string") return;
    const count = (drops: ReadonlyMap<string, string>): void => {
      const id = drops.get(productId);
      if (id !== undefined) this.#count(id, code);
    };
    const known = this.#productDrops.known();
    if (known instanceof Promise) known.then(count, () => {});
    else count(known);
  }

  #count(dropId: string, code: string, count = 1): void {
    const key = `${dropId} ${code}`;
    const known = this.#counts.get(key);
    if (known) known.count += count;
    else this.#counts.set(key, { dropId, code, count });
    this.#timer ??= setTimeout(() => void this.flush().catch(() => {}), FLUSH_MS).unref();
  }
}
