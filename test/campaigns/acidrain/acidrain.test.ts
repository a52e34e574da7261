import { test } from "node:test";
import { raceOperations } from "./race-operations.ts";

// Every operation that changes anything. Goes red without any of the locks and rules that the attacks in attacks.ts are about: without
// FOR NO KEY UPDATE on the variants (stock for four), `claims` in issueCoupon, `some` in addToCart, `isPayable`, the refunds' bounds, …
for (const latencyMs of [0, 100])
  test(`many copies at once, at two instances, ${latencyMs} ms from the database, are done as often as they may be`, async () => {
    await raceOperations({ copies: 5, latencyMs });
  });
