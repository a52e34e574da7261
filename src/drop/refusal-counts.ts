// How many requests each drop has refused, by code. Counted in memory, and added to the database's counts every other second: a
// crash loses at most these seconds.

import type { Database } from "../database/pool.ts";
import type { Submission } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import { addRefusals } from "./report.sql.ts";

const FLUSH_MS = 2000;

export class RefusalCounts {
  readonly #database: Database;
  #counts = new Map<string, { dropId: string; code: string; count: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Counts the refusals of a submission that name a drop. */
  counting(submission: Submission): Submission {
    return {
      ...submission,
      onResponse: (response) => {
        submission.onResponse?.(response);
        // The answer to a request with a key is stored, refusals too. A repeat is not another refusal.
        if (response.status < 400 || response.replayed) return;
        const dropId = /"dropId":"([0-9a-f-]{36})"/.exec(response.body)?.[1];
        const code = /"code":"(\w+)"/.exec(response.body)?.[1];
        if (dropId && code) this.#count(dropId, code);
      },
      onError: (error) => {
        submission.onError?.(error);
        if (error instanceof Refusal && typeof error.details?.["dropId"] === "string") this.#count(error.details["dropId"], error.code);
      },
    };
  }

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

  #count(dropId: string, code: string, count = 1): void {
    const key = `${dropId} ${code}`;
    const known = this.#counts.get(key);
    if (known) known.count += count;
    else this.#counts.set(key, { dropId, code, count });
    this.#timer ??= setTimeout(() => void this.flush().catch(() => {}), FLUSH_MS).unref();
  }
}
