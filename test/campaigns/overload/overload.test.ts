// A short rush; `npm run overload` is a minute of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { overload } from "./overload.ts";
import { tableOf, wrongIn } from "./table.ts";

// Goes red without Retry-After at BUSY (server.ts). Who waits without `turnAway` (till.ts) is told BUSY too, only late, and a busy machine has no
// bound for that: src/till/till.test.ts goes red for it.
test("ten times too many are served or told BUSY, and what was acknowledged is there", { timeout: 120_000 }, async (t) => {
  const report = await overload({ seconds: 2, lines: 50 });
  t.diagnostic(tableOf(report));
  assert.deepEqual(wrongIn(report), []);
  assert.ok((report.rush.answered["201"]?.length ?? 0) > 0, "nobody was served");
  assert.ok(report.rush.retryAfter > 0, "nobody was told to come again");
});
