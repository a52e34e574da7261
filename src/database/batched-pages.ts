// Pages of users' own lists, read in batches. In a rush each request wants another user's page, and
// most of its cost is the round trip, so several pages share one query.

import { BatchedRead } from "./batched-read.ts";
import { columns, LAST_ID } from "./statement.ts";

/** The newest `most` rows of a user's list before an id. */
export type Page = { userId: string; before: string; most: number };

/**
 * `most` keeps one batch from blocking the thread for long. Two reads at once: PostgreSQL executes
 * one while this process handles the other.
 */
const BATCHES = { most: 32, atOnce: 2 };

export class BatchedPages<Row extends { page: number }> {
  readonly #pages: BatchedRead<Row[]>;

  /**
   * @param read returns the rows of all of these pages in order, each with the number of its page,
   * from 1
   */
  constructor(read: (pages: Page[]) => Promise<Row[]>) {
    this.#pages = new BatchedRead(async (keys) => {
      const pages = new Map<string, Row[]>();
      for (const row of await read(keys.map(pageOf))) {
        const key = keys[row.page - 1] as string;
        const rows = pages.get(key);
        if (rows) rows.push(row);
        else pages.set(key, [row]);
      }
      return pages;
    }, BATCHES);
  }

  /**
   * Returns a page as committed at the time of this call or later.
   * @param before null for the newest rows
   */
  async get(userId: string, before: string | null, most: number): Promise<Row[]> {
    return (await this.#pages.get(`${userId} ${before ?? LAST_ID} ${most}`)) ?? [];
  }
}

function pageOf(key: string): Page {
  const [userId = "", before = "", most] = key.split(" ");
  return { userId, before, most: Number(most) };
}

/** The pages of a statement that reads `unnest(…) WITH ORDINALITY k(user_id, before, most, page)`. */
export const PAGE_COLUMNS = columns({ user_id: "uuid", before: "uuid", most: "int" });

/** The parameters of a statement that reads `PAGE_COLUMNS`. */
export function pageColumns(pages: Page[]): (string | Buffer)[] {
  return PAGE_COLUMNS.arrays(pages);
}
