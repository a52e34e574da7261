// Requests for one attempt that arrive together in one process: the first calls the gateway, and each gets the answer to that call.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Database } from "../database/pool.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { GatewayOutcome } from "./outcome.ts";
import { Settler } from "./settler.ts";

const ATTEMPT = { id: "a", paymentKey: "k", orderId: "o", failed: false, createdAt: Date.now(), amount: 1, askAt: null, asked: 0, keyNumber: 0 };

let settler: Settler<{ status: string }>;
/** How often the row was read, and for each call of the gateway whether it was the attempt's first. */
let reads: number;
let calls: boolean[];
let answer: PromiseWithResolvers<GatewayOutcome>;
beforeEach(() => {
  let status = "PENDING";
  [reads, calls, answer] = [0, [], Promise.withResolvers()];
  const gateway = {} as Gateway;
  settler = new Settler(
    {
      name: "payment",
      table: "payments",
      isCapture: true,
      find: () => Promise.resolve({ status, read: ++reads }),
      attemptOf: (row) => (row.status === "PENDING" ? { ...ATTEMPT, status: row.status } : null),
      ask: (_row, _attempt, first) => (calls.push(first), answer.promise),
      finish: (_row, outcome) => Promise.resolve(outcome.kind === "done" && void (status = "COMPLETED")),
    },
    {
      database: {} as Database,
      gateway,
      background: gateway,
      settings: { timeoutMs: 500, settleAfterMs: 1000, giveUpAfterMs: 1000, methods: [] },
      now: Date.now,
    },
  );
});

test("a repeat that reads the attempt before the first request does not keep that request from the gateway", async () => {
  const repeat = settler.settle("a");
  assert.equal(reads, 1);
  const first = settler.settle("a", true);
  answer.resolve({ kind: "done" });
  assert.deepEqual(
    (await Promise.all([first, repeat])).map(({ status }) => status),
    ["COMPLETED", "COMPLETED"],
  );
  assert.deepEqual(calls, [true]);
});

test("a repeat that comes while the gateway is called gets that call's answer without reading the attempt", async () => {
  const first = settler.settle("a", true);
  const repeat = settler.settle("a");
  assert.equal(reads, 1);
  answer.resolve({ kind: "done" });
  assert.equal(await repeat, await first);
  assert.deepEqual([calls, reads], [[true], 2]);
});

test("a webhook that comes during a look-up makes the gateway be asked again, once", async () => {
  const running = settler.settleDue("a");
  const told = [settler.settleDue("a", true), settler.settleDue("a", true)];
  while (calls.length === 0) await Promise.resolve();
  const earlier = answer;
  answer = Promise.withResolvers();
  earlier.resolve({ kind: "unknown", reason: "IN_PROGRESS" });
  assert.equal(await running, false);
  answer.resolve({ kind: "done" });
  assert.deepEqual(await Promise.all(told), [true, true]);
  assert.deepEqual(calls, [false, false]);
});
