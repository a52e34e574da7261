import { test } from "node:test";
import { summaryOf } from "../checker/judge-history.ts";
import { judged } from "../checker/judged.ts";
import { raceOperations } from "./race-operations.ts";

// Covers every operation that changes data (attacks.ts). Fails without one of their locks and rules: row locks on variants, one coupon per
// user, one cart item per variant, one payment per order, the bounds of refunds and others.
for (const latencyMs of [0, 100])
  test(`concurrent copies of each operation at two instances, ${latencyMs} ms from the database, take effect as often as allowed`, async (t) => {
    const { history } = await judged(t, () => raceOperations({ copies: 5, latencyMs }));
    t.diagnostic(summaryOf(history));
  });
