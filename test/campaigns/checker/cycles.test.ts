import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../../support/random.ts";
import { checkCycles, type Transaction } from "./cycles.ts";

/** `writes` and `reads`: versions such as `x1`. */
function transaction(name: string, writes: string, reads: string, times: [number, number] | [] = []): Transaction {
  const versions = (text: string): Transaction["writes"] =>
    text
      .split(" ")
      .filter(Boolean)
      .map((word) => ({ chain: word.replace(/\d+$/, ""), version: Number(/\d+$/.exec(word)?.[0]) }));
  const [invokedAt, respondedAt] = times;
  return {
    name,
    writes: versions(writes),
    reads: versions(reads),
    ...(invokedAt === undefined ? {} : { invokedAt, respondedAt: respondedAt as number }),
  };
}

function kinds(...transactions: Transaction[]): string[] {
  return checkCycles(transactions).anomalies.map(({ kind }) => kind);
}

test("transactions in one order have no anomaly", () => {
  assert.deepEqual(
    kinds(transaction("a", "x1 y1", "", [0, 10]), transaction("b", "x2 y2", "x1", [5, 15]), transaction("c", "", "x2 y2", [16, 17])),
    [],
  );
});

test("writes in two orders are G0", () => {
  assert.deepEqual(kinds(transaction("a", "x1 y2", ""), transaction("b", "x2 y1", "")), ["G0"]);
});

test("two transactions that read each other's writes are G1c", () => {
  assert.deepEqual(kinds(transaction("a", "x1", "y1"), transaction("b", "y1", "x1")), ["G1c"]);
});

test("a read of a version that no transaction wrote is G1a", () => {
  assert.deepEqual(kinds(transaction("a", "x1", ""), transaction("b", "", "x2")), ["read of a version that was never committed (G1a)"]);
});

test("write skew is G2", () => {
  assert.deepEqual(kinds(transaction("a", "x1", "y0"), transaction("b", "y1", "x0")), ["G2"]);
});

test("two reads of one transaction at different times are G2", () => {
  assert.deepEqual(kinds(transaction("a", "x1 y1", ""), transaction("b", "", "x0 y1")), ["G2"]);
});

test("two transactions with one version are a lost update", () => {
  assert.deepEqual(kinds(transaction("a", "x1", ""), transaction("b", "x1", "")), ["lost update"]);
});

test("a read that misses a write which had been acknowledged before is found by real time only", () => {
  assert.deepEqual(kinds(transaction("a", "x1", ""), transaction("b", "", "x0")), []);
  assert.deepEqual(kinds(transaction("a", "x1", "", [0, 10]), transaction("b", "", "x0", [11, 12])), ["G2-realtime"]);
  assert.deepEqual(kinds(transaction("a", "x1", "", [0, 10]), transaction("b", "", "x0", [9, 12])), []);
});

test("a write that takes an earlier version than one acknowledged before it is found", () => {
  assert.deepEqual(kinds(transaction("a", "x2", "", [0, 10]), transaction("b", "x1", "", [11, 12])), ["G0-realtime"]);
});

test("a transaction without a response precedes none by real time", () => {
  assert.deepEqual(kinds(transaction("a", "x1", "", [0, Infinity]), transaction("b", "", "x0", [11, 12])), []);
});

test("a long history of real transactions has no cycle, and one swapped pair in it is found", () => {
  const rng = random(7);
  const last = new Map<string, number>();
  const transactions = Array.from({ length: 20_000 }, (_, i): Transaction => {
    const [chain, other] = [`w${rng.below(50)}`, `o${rng.below(50)}`];
    const isRead = rng.chance(0.3);
    const write = (name: string): { chain: string; version: number } => {
      last.set(name, (last.get(name) ?? 0) + 1);
      return { chain: name, version: last.get(name) as number };
    };
    return {
      name: `t${i}`,
      writes: isRead ? [] : [write(chain), write(other)],
      reads: isRead ? [{ chain, version: last.get(chain) ?? 0 }] : [],
      invokedAt: i - rng.below(30),
      respondedAt: i + rng.below(30) + 0.5,
    };
  });
  assert.deepEqual(checkCycles(transactions).anomalies, []);
  const [early, late] = [100, 15_000].map((from) => transactions.findIndex(({ reads }, i) => i >= from && reads.length > 0)) as [number, number];
  const stale = transactions.with(late, { ...(transactions[late] as Transaction), reads: (transactions[early] as Transaction).reads });
  assert.deepEqual(
    checkCycles(stale).anomalies.map(({ kind }) => kind),
    ["G2-realtime"],
  );
});
