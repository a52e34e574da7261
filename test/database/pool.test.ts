import assert from "node:assert/strict";
import { test } from "node:test";
import { Database } from "../../src/database/pool.ts";
import { freshDatabase } from "../support/database.ts";

// Goes red without the listener in ShopClient: the process ends (`npm run campaign -- faults` found it, at a failover).
test("a connection that breaks in the middle of a transaction fails that transaction, and nothing else", async () => {
  const { url, drop } = await freshDatabase();
  const database = new Database(url, { size: 2, onError: () => {} });
  try {
    const work = database.transaction(async (run) => {
      const [backend] = await run<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      await database.rows({ name: "terminate", text: "SELECT pg_terminate_backend($1, 5000)", values: [backend?.pid] });
      // Nothing is running on it at the moment at which it breaks.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await run("SELECT 1");
    });
    await assert.rejects(work);
    assert.deepEqual(await database.rows({ name: "one", text: "SELECT 1 AS one", values: [] }), [{ one: 1 }]);
  } finally {
    await database.close();
    await drop();
  }
});
