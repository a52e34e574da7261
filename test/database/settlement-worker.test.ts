// The settlement worker settles attempts that are due, one kind after the other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Database } from "../../src/database/pool.ts";
import { SettlementWorker, type SettlementSource } from "../../src/settlement/settlement-worker.ts";
import { freshDatabase } from "../support/database.ts";

// Goes red if `run` ends with the first error: that attempt stays due, so no charge would be settled and no unmatched capture sent back.
test("an attempt that cannot be settled does not keep the others from being settled", async () => {
  const { url, drop } = await freshDatabase();
  const database = new Database(url, { size: 1, onError: () => {} });
  const settled: string[] = [];
  const kind = (name: string, breaks: string[]): SettlementSource => ({
    due: () => ({ name, text: "SELECT $1 || n AS id FROM generate_series(1, 20) n", values: [name] }),
    byKey: () => undefined,
    async settleDue(id) {
      settled.push(id);
      if (breaks.includes(id)) throw new Error(`${id} is damaged`);
      return true;
    },
  });
  const worker = new SettlementWorker({
    database,
    sources: [kind("payment", ["payment1", "payment7"]), kind("unmatched capture", [])],
    now: Date.now,
    onError: () => {},
  });
  try {
    await assert.rejects(worker.run(), /payment1 is damaged/);
    assert.equal(settled.length, 40);
  } finally {
    await database.close();
    await drop();
  }
});
