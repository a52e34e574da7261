// The desk works off what is due, each kind of attempt after the other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Database } from "../../src/database/pool.ts";
import { SettlementWorker, type SettlementSource } from "../../src/settlement/settlement-worker.ts";
import { freshDatabase } from "../support/database.ts";

// Goes red where `work` ends with the first that breaks: as it stays due, no charge would be settled and no stray money returned any more.
test("an attempt that can't be brought to its end keeps no other waiting", async () => {
  const { url, drop } = await freshDatabase();
  const database = new Database(url, { size: 1, onError: () => {} });
  const brought: string[] = [];
  const kind = (name: string, breaks: string[]): SettlementSource => ({
    due: () => ({ name, text: "SELECT $1 || n AS id FROM generate_series(1, 20) n", values: [name] }),
    async settle(id) {
      brought.push(id);
      if (breaks.includes(id)) throw new Error(`${id} is damaged`);
      return true;
    },
  });
  const desk = new SettlementWorker({
    database,
    sources: [kind("payment", ["payment1", "payment7"]), kind("stray", [])],
    now: Date.now,
    attemptsOf: async () => [],
    onError: () => {},
  });
  try {
    await assert.rejects(desk.work(), /payment1 is damaged/);
    assert.equal(brought.length, 40);
  } finally {
    await database.close();
    await drop();
  }
});
