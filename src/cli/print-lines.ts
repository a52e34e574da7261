import { pipeline } from "node:stream/promises";
import { Database } from "../database/pool.ts";

/** Prints lines that are read from the shop's database, no faster than the reader of the standard output takes them. */
export async function printLines(url: string, linesOf: (database: Database) => AsyncIterable<string>): Promise<void> {
  const database = new Database(url, { size: 1, onError: () => {} });
  let isClosed = false;
  process.stdout.once("error", ({ code }: NodeJS.ErrnoException) => (isClosed = code === "EPIPE"));
  try {
    await pipeline(linesOf(database), process.stdout, { end: false });
  } catch (error) {
    // A reader that has enough, such as `head`, closes the output.
    if (!isClosed) throw error;
  } finally {
    await database.close();
  }
}
