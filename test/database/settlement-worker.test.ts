// The settlement worker settles attempts that are due, one kind after the other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { migrate } from "../../src/database/migrate.ts";
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

// Each repeated notification would take a lane of its own, until none is left for other payments.
test("a payment that hangs takes one lane, however often a webhook tells of it", async () => {
  const { url, drop } = await freshDatabase();
  // One connection, so that the look-ups begin in the order of their webhooks.
  const database = new Database(url, { size: 1, onError: () => {} });
  await migrate(url);
  const asked: string[] = [];
  const hangs = Promise.withResolvers<boolean>();
  const source: SettlementSource = {
    due: () => ({ name: "none due", text: "SELECT NULL AS id WHERE false", values: [] }),
    byKey: (key) => ({ name: "by key", text: "SELECT $1 AS id", values: [key] }),
    settleDue: (id) => (asked.push(id), id === "hangs" ? hangs.promise : Promise.resolve(true)),
  };
  const worker = new SettlementWorker({ database, sources: [source], now: Date.now, onError: (error) => assert.fail(error as Error) });
  try {
    await worker.notify("hangs");
    while (asked.length === 0) await new Promise(setImmediate);
    await worker.notify("hangs");
    await worker.notify("other");
    while (!asked.includes("other")) await new Promise(setImmediate);
    assert.deepEqual(asked, ["hangs", "other"]);
    hangs.resolve(true);
    await worker.idle();
    assert.deepEqual(asked, ["hangs", "other", "hangs"]);
  } finally {
    await database.close();
    await drop();
  }
});
