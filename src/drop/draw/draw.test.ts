// The draw, compared with an independent implementation (test/vectors/draw.py), and its fairness.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { randomBytes } from "node:crypto";
import { commitmentOf, type DrawEntry, drawOrder, leafOf, winnersOf } from "./draw.ts";
import type { DrawHeader, DrawLine } from "./draw-file.ts";
import { HASH_BYTES, pathOf, rootFromPath, rootOf } from "./merkle.ts";

type Vectors = {
  trees: { leaves: string[]; root: string; paths: string[][] }[];
  draws: {
    header: DrawHeader & { seed: string; entriesRoot: string; stock: Record<string, number> };
    entries: DrawLine[];
    held: number[];
    proofs: { leaf: string; index: number; path: string[] }[];
  }[];
};
const { trees, draws } = JSON.parse(readFileSync(new URL("../../../test/vectors/draw.json", import.meta.url), "utf8")) as Vectors;
const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const hexes = (hashes: readonly Buffer[]): string[] => hashes.map((one) => one.toString("hex"));

describe("the Merkle tree of RFC 9162", () => {
  for (const { leaves, root, paths } of trees) {
    const all = Buffer.concat(leaves.map(bytes));

    test(`${leaves.length} leaves have the root and the paths of the independent implementation`, () => {
      assert.equal(rootOf(all).toString("hex"), root);
      paths.forEach((path, i) => assert.deepEqual(hexes(pathOf(all, i)), path));
    });

    test(`each path among ${leaves.length} leaves leads to the root, and no other place or leaf does`, () => {
      paths.forEach((path, i) => {
        const lead = (leaf: string, index: number, siblings: string[]): string | undefined =>
          rootFromPath(bytes(leaf), index, leaves.length, siblings.map(bytes))?.toString("hex");
        assert.equal(lead(leaves[i] ?? "", i, path), root);
        leaves.forEach((leaf, j) => j !== i && assert.notEqual(lead(leaf, i, path), root));
        leaves.forEach((_, j) => j !== i && assert.notEqual(lead(leaves[i] ?? "", j, path), root));
        assert.equal(lead(leaves[i] ?? "", i, [...path, root]), undefined);
        if (path.length > 0) assert.equal(lead(leaves[i] ?? "", i, path.slice(1)), undefined);
        assert.equal(lead(leaves[i] ?? "", leaves.length, path), undefined);
      });
    });
  }
});

describe("the draw", () => {
  for (const { header, entries, held, proofs } of draws) {
    const leaves = Buffer.concat(entries.map((entry) => leafOf(header.dropId, entry)));

    test(`${entries.length} entries have the leaves, ranks and winners of the independent implementation`, async () => {
      assert.equal(commitmentOf(header.seed), header.commitment);
      proofs.forEach(({ leaf }, i) => assert.equal(leaves.toString("hex", i * HASH_BYTES, (i + 1) * HASH_BYTES), leaf));
      assert.equal(rootOf(leaves).toString("hex"), header.entriesRoot);
      const order = await drawOrder(header, leaves);
      assert.deepEqual(
        [...order].map((place) => entries[place]?.rank),
        entries.map((_, i) => i + 1),
      );
      const winners = winnersOf(order, header.stock, (place) => entries[place]);
      assert.deepEqual(
        winners.map((place) => entries[place]?.number),
        held,
      );
    });
  }

  test("an entry that has left is passed over, and its units go to later ones", () => {
    const variantId = "v";
    const entries = [1, 2, 1].map((quantity) => ({ variantId, quantity }));
    const order = Uint32Array.of(1, 0, 2);
    assert.deepEqual(
      winnersOf(order, { v: 2 }, (place) => entries[place]),
      [1],
    );
    assert.deepEqual(
      winnersOf(order, { v: 2 }, (place) => (place === 1 ? undefined : entries[place])),
      [0, 2],
    );
  });

  test("equal digests are ordered by number", async () => {
    const leaf = randomBytes(HASH_BYTES);
    const order = await drawOrder({ seed: "00".repeat(32), publicValue: null, entriesRoot: "11".repeat(32) }, Buffer.concat([leaf, leaf, leaf]));
    assert.deepEqual([...order], [0, 1, 2]);
  });
});

// 1,000 draws of 20 entries with fixed seeds: the counts of each entry's ranks, and of its winning,
// are those of a uniform permutation. χ² with 19² = 361 degrees of freedom exceeds 475 with a
// probability of 0.00005, and always gives the same result here, because the seeds are fixed.
test("over 1,000 draws each entry gets each rank equally often", async () => {
  const COUNT = 20;
  const DRAWS = 1000;
  const dropId = "01a1f8a8-188e-7001-826f-f4254ba20003";
  const entries: DrawEntry[] = Array.from({ length: COUNT }, (_, i) => ({
    number: i + 1,
    entryId: `01a1f8a8-188e-7001-826f-${String(i).padStart(12, "0")}`,
    variantId: dropId,
    quantity: 1,
  }));
  const leaves = Buffer.concat(entries.map((entry) => leafOf(dropId, entry)));
  const entriesRoot = rootOf(leaves).toString("hex");
  const counts = new Uint32Array(COUNT * COUNT);
  for (let n = 0; n < DRAWS; n++) {
    const order = await drawOrder({ seed: commitmentOf(n.toString(16).padStart(64, "0")), publicValue: null, entriesRoot }, leaves);
    order.forEach((place, rank) => counts[place * COUNT + rank]!++);
  }
  const expected = DRAWS / COUNT;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  assert.ok(chiSquare < 475, `χ² is ${chiSquare}`);
});
