// Speed counts only if the results are correct.

import { ignore } from "./ignore.ts";
import { audit } from "../../src/audit/audit.ts";
import { aggregateSales } from "../../src/popular/aggregate-sales.ts";
import { Database } from "../../src/database/pool.ts";

const TIMEZONE = "Asia/Seoul";

/** Aggregates the sales, audits the database, and returns the number of orders. Errors: the audit found violations. */
export async function assertCorrect(url: string): Promise<number> {
  const database = new Database(url, { size: 2, onError: ignore });
  try {
    await aggregateSales(database, TIMEZONE);
    const { violations } = await audit(database, TIMEZONE);
    if (violations.length > 0) throw new Error(`the audit found ${JSON.stringify(violations.slice(0, 5), null, 2)}`);
    const [row] = await database.rows<{ orders: number }>({ name: "count orders", text: "SELECT count(*) AS orders FROM orders", values: [] });
    return row?.orders ?? 0;
  } finally {
    await database.close();
  }
}
