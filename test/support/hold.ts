import pg from "pg";

/** Whatever this statement locks stays locked, by a second connection, while `work` runs. */
export async function whileHeld<T>(databaseUrl: string, statement: string, values: unknown[], work: () => Promise<T>): Promise<T> {
  const holder = new pg.Client({ connectionString: databaseUrl });
  await holder.connect();
  try {
    await holder.query("BEGIN");
    await holder.query(statement, values);
    return await work();
  } finally {
    await holder.end(); // Leaving is the rollback.
  }
}
