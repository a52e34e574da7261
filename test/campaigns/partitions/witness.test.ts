// The judge of the campaign `partitions`: it must see each kind of loss that it is there for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Acknowledged, judge, type Written } from "./witness.ts";

const acknowledged = (orderId: string, acknowledgedAt: number): Acknowledged => ({ orderId, sentAt: acknowledgedAt - 5, acknowledgedAt });
const orders = [acknowledged("a", 10), acknowledged("b", 20), acknowledged("c", 30)];

test("the witness finds orders that are missing in the end", () => {
  const written = new Map<string, Written>([["a", { at: 9, timeline: 1 }]]);
  const { lost, byTimeline } = judge(orders, written, new Set(["a", "c"]));
  assert.deepEqual({ lost, byTimeline }, { lost: ["b"], byTimeline: { 1: 1, unknown: 2 } });
});

test("the witness finds an order that an old primary wrote after its successor had acknowledged one", () => {
  const kept = new Set(["a", "b", "c"]);
  const inTurn = new Map<string, Written>([
    ["a", { at: 9, timeline: 1 }],
    ["b", { at: 19, timeline: 2 }],
    ["c", { at: 29, timeline: 2 }],
  ]);
  assert.deepEqual(judge(orders, inTurn, kept).fromTwoPrimaries, []);
  assert.deepEqual(judge(orders, new Map([...inTurn, ["c", { at: 29, timeline: 1 }]]), kept).fromTwoPrimaries, ["c"]);
  // Written before, acknowledged late: the answer was true.
  assert.deepEqual(judge(orders, new Map([...inTurn, ["c", { at: 15, timeline: 1 }]]), kept).fromTwoPrimaries, []);
});
