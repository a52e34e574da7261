// A short overload; `npm run campaign -- overload` takes a minute.

import assert from "node:assert/strict";
import { test } from "node:test";
import { overload } from "./overload.ts";
import { faultsOf, tableOf } from "./table.ts";

// Fails if BUSY has no Retry-After. Without admission control, BUSY only comes later, which a busy machine cannot bound;
// src/till/till.test.ts detects that.
test("at ten times its capacity, a shop responds 201 or BUSY and keeps every acknowledged order", { timeout: 120_000 }, async (t) => {
  const report = await overload({ seconds: 2, items: 50 });
  t.diagnostic(tableOf(report));
  assert.deepEqual(faultsOf(report), []);
  assert.ok((report.overload.responses["201"]?.length ?? 0) > 0, "no order was served");
  assert.ok(report.overload.retryAfter > 0, "no order was rejected");
});
