import pg from "pg";

/** Runs `work` while a second connection holds the locks of this statement. */
export async function whileHeld<T>(databaseUrl: string, statement: string, values: unknown[], work: () => Promise<T>): Promise<T> {
  const holder = new pg.Client({ connectionString: databaseUrl });
  await holder.connect();
  try {
    await holder.query("BEGIN");
    await holder.query(statement, values);
    return await work();
  } finally {
    await holder.end(); // Rolls back.
  }
}
