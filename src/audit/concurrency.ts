// Two connections that read the same snapshot, and thus use at most two CPU cores while the shop
// sells.

import type { Database } from "../database/pool.ts";

export type Read = (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;
export type Task = (read: Read) => Promise<void>;

/** Settings for long reads: sort in memory, no JIT compilation, no parallel workers. */
const SETTINGS = ["work_mem = '128MB'", "jit = off", "max_parallel_workers_per_gather = 0"];

/**
 * Runs all tasks in one read-only snapshot, starting them in their order. If a second connection
 * cannot join the snapshot, as behind some poolers, the first connection runs all tasks.
 * Errors: the first error of a task; no further task starts after it.
 */
export async function withConcurrency(database: Pick<Database, "transaction">, tasks: readonly Task[]): Promise<void> {
  const queue = [...tasks];
  const work = async (read: Read): Promise<void> => {
    for (const setting of SETTINGS) await read(`SET LOCAL ${setting}`);
    try {
      for (let task = queue.shift(); task; task = queue.shift()) await task(read);
    } catch (error) {
      queue.length = 0;
      throw error;
    }
  };
  await database.transaction(async (read: Read) => {
    await read("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const [snapshot] = await read("SELECT pg_export_snapshot() AS id");
    const results = await Promise.allSettled([work(read), onSecondConnection(database, String(snapshot?.["id"]), work)]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  });
}

async function onSecondConnection(database: Pick<Database, "transaction">, snapshot: string, work: Task): Promise<void> {
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
