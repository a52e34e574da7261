// The settlement worker settles due attempts of each source in turn.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Database } from "../../src/database/pool.ts";
import { SettlementWorker, type SettlementSource } from "../../src/settlement/settlement-worker.ts";
import { freshDatabase } from "../support/database.ts";

// A damaged attempt stays due, so ending the run at it would stop all settlement behind it.
test("an attempt that cannot be settled does not block the others", async () => {
  const { url, drop } = await freshDatabase();
  const database = new Database(url, { size: 1, onError: () => {} });
  const settled: string[] = [];
  const source = (name: string, broken: string[]): SettlementSource => ({
    due: () => ({ name, text: "SELECT $1 || n AS id FROM generate_series(1, 20) n", values: [name] }),
    async settle(id) {
      settled.push(id);
      if (broken.includes(id)) throw new Error(`${id} is damaged`);
      return true;
    },
  });
  const worker = new SettlementWorker({
    database,
    sources: [source("payment", ["payment1", "payment7"]), source("stray", [])],
    now: Date.now,
    attemptsOf: async () => [],
    onError: () => {},
  });
  try {
    await assert.rejects(worker.work(), /payment1 is damaged/);
    assert.equal(settled.length, 40);
  } finally {
    await database.close();
    await drop();
  }
});
