import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import type { Database } from "../database/pool.ts";
import type { Submission } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import { RefusalCounts } from "./refusal-counts.ts";

// A rejection without a handler would end the process.
test("a refusal whose drop cannot be looked up stays uncounted, and the failed look-up is handled", async (t) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));
  const counts = new RefusalCounts({} as Database, { known: () => Promise.reject(new Error("the database is away")), forget() {} });
  const { onError } = counts.counting({} as Submission);
  onError?.(new Refusal("STOCK_INSUFFICIENT", { productId: "p" }));
  await setImmediate();
  assert.deepEqual(unhandled, []);
});
