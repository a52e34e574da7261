// Two connections that read the same snapshot: one processor each, and no more, for the shop is selling meanwhile.

import type { Database } from "../database/pool.ts";

export type Read = (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;
export type Task = (read: Read) => Promise<void>;

/** How a long read is read: sorts in memory while they fit, nothing compiled, no workers beside its own connection. */
const SETTINGS = ["work_mem = '128MB'", "jit = off", "max_parallel_workers_per_gather = 0"];

/**
 * Does all tasks, in their order where one is free for the next, in one read-only snapshot.
 * Where no second connection to the same server can be had, as behind some poolers, the first does everything.
 * Errors: what a task threw; what was not begun by then is not done.
 */
export async function withConcurrency(database: Pick<Database, "transaction">, tasks: readonly Task[]): Promise<void> {
  const left = [...tasks];
  const work = async (read: Read): Promise<void> => {
    for (const setting of SETTINGS) await read(`SET LOCAL ${setting}`);
    try {
      for (let task = left.shift(); task; task = left.shift()) await task(read);
    } catch (error) {
      left.length = 0;
      throw error;
    }
  };
  await database.transaction(async (read: Read) => {
    await read("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const [snapshot] = await read("SELECT pg_export_snapshot() AS id");
    const ends = await Promise.allSettled([work(read), beside(database, String(snapshot?.["id"]), work)]);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  });
}

async function beside(database: Pick<Database, "transaction">, snapshot: string, work: Task): Promise<void> {
  let joined = false;
  try {
    await database.transaction(async (read: Read) => {
      await read("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
      await read(`SET TRANSACTION SNAPSHOT '${snapshot}'`);
      joined = true;
      await work(read);
    });
  } catch (error) {
    if (joined) throw error;
  }
}
