// Pages of users' own lists. In a crowd each asks for another user's, and what a page costs is mostly the asking: so they are read together.

import { BatchedRead } from "./batched-read.ts";
import { LAST_ID, arrayOf } from "./statement.ts";

/** The newest rows of a user's list before this id. */
export type Page = { userId: string; before: string; most: number };

/** More would keep the thread busy for too long at a time; two, so that PostgreSQL reads one while the other is made into answers. */
const TOGETHER = { most: 32, atOnce: 2 };

export class BatchedPages<Row extends { page: number }> {
  readonly #pages: BatchedRead<Row[]>;

  /** @param read the rows of all of these pages, each with the number of its page from 1 on, in their order */
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
    }, TOGETHER);
  }

  /** As committed at this moment or later. @param before null for the newest */
  async get(userId: string, before: string | null, most: number): Promise<Row[]> {
    return (await this.#pages.get(`${userId} ${before ?? LAST_ID} ${most}`)) ?? [];
  }
}

function pageOf(key: string): Page {
  const [userId = "", before = "", most] = key.split(" ");
  return { userId, before, most: Number(most) };
}

/** Pages as a statement takes them: `unnest($1::uuid[], $2::uuid[], $3::int[]) WITH ORDINALITY`. */
export function pageColumns(pages: Page[]): string[] {
  return [arrayOf(pages, ({ userId }) => userId), arrayOf(pages, ({ before }) => before), arrayOf(pages, ({ most }) => most)];
}
