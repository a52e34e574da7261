import assert from "node:assert/strict";
import { test } from "node:test";
import { runCrowd } from "./run-crowd.ts";

test("a rehearsal that was stopped before its crowd starts has no crowd", async () => {
  const plan = {
    url: "http://127.0.0.1:9",
    opensAtMs: 0,
    arriveWithinMs: 0,
    couponId: null,
    product: null,
    drop: null,
    tokens: [],
    persons: [],
  };
  const stopped = new Error("stopped");
  await assert.rejects(
    runCrowd(plan, AbortSignal.abort(stopped), () => {}),
    stopped,
  );
});
