// Kills at drops, shorter than those of `npm run campaign -- drop` and `-- crash`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { closeSoon } from "../../support/close-soon.ts";
import { verifyOneDraw } from "../../support/drop-clients.ts";
import { Client, good } from "../../support/shop.ts";
import { summaryOf } from "../checker/judge-history.ts";
import { judged } from "../checker/judged.ts";
import { Sandbox } from "../crash/sandbox.ts";
import { rushWithKills } from "./rush-with-kills.ts";

test("a rush goes on after kills of the shop and of PostgreSQL: each unit is free, held, ordered or bought, and no entry is lost or overtaken", async (t) => {
  const { result, history } = await judged(t, () => rushWithKills({ people: 300, units: 20, kills: 2, seed: 3 }));
  const { findings, ...report } = result;
  t.diagnostic(summaryOf(history));
  t.diagnostic(JSON.stringify(report));
  assert.deepEqual(findings, []);
  assert.ok(report.retries > 0, "no request was interrupted");
});

const ENTRIES = 40;

// Without the repeatable steps of a draw, the second run writes other ranks, or never ends.
test("a draw whose shop is killed in the middle is made once, and agrees with its public file", async () => {
  const sandbox = await Sandbox.create();
  try {
    for (const step of ["insert draw parts, answered", "update part ranks, answered", "insert drawn line, sent", "insert drawn line, answered"]) {
      await sandbox.open({ point: `database: ${step}`, pass: 1 });
      const dropId = await enterDraw(sandbox.url);
      assert.equal(await sandbox.ended(60_000), "SIGKILL", `the draw did not pass "${step}"`);
      await sandbox.open();
      const operator = new Client(sandbox.url, "an-operator", "operator");
      assert.deepEqual(await verifyOneDraw(operator, (text, values) => sandbox.rows(text, values), dropId), [], step);
      assert.deepEqual(await sandbox.audit(), []);
      await sandbox.killShop();
    }
  } finally {
    await sandbox.remove();
  }
});

async function enterDraw(url: string): Promise<string> {
  const operator = new Client(url, "an-operator", "operator");
  const { users } = good(await operator.post("/admin/users", { users: Array.from({ length: ENTRIES }, () => ({ name: "손님" })) }), 201);
  const { id: productId } = good(await operator.post("/admin/products", { name: "한정판", price: 100, stock: 5 }), 201);
  const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
  const [opensAt, closesAt] = [at(0), at(3_600_000)];
  const terms = { name: "추첨", productId, mode: "DRAW", waitlist: true, opensAt, closesAt };
  const { id } = good(await operator.post("/admin/drops", terms), 201);
  for (const user of users as { id: string }[]) good(await new Client(url, user.id, "shopper").post(`/drops/${id}/entries`), 201);
  await closeSoon(operator, id);
  return id;
}
