import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Journal, need, type Shelf } from "./table.ts";
import { WorkingSet } from "./unit-of-work.ts";

const cups: Shelf<{ tea: number }> = { name: "variants", load: unused, read: unused, save: unused };
const plates: Shelf<string> = { name: "products", load: unused, read: unused, save: unused };
const book: Journal<string> = { name: "book", append: unused };
function unused(): never {
  throw new Error("no SQL here");
}

function openSet(): WorkingSet {
  const loaded = new Map([[cups as Shelf<unknown>, new Map<string, unknown>([["a", { tea: 1 }]])]]);
  const needs = [need(cups, "a"), need(cups, "absent")];
  const shop = new WorkingSet(needs, loaded, 1000);
  shop.begin(needs);
  return shop;
}

const written = (shop: WorkingSet): unknown => {
  const changes = shop.changes();
  return (
    changes && {
      shelves: [...changes.shelves].map(([{ name }, rows]) => [name, rows]),
      journals: [...changes.journals].map(([{ name }, rows]) => [name, rows]),
    }
  );
};

describe("the working set", () => {
  test("shows what was asked for, and that it is absent", () => {
    const shop = openSet();
    assert.deepEqual(shop.find(cups, "a"), { tea: 1 });
    assert.equal(shop.find(cups, "absent"), undefined);
    assert.ok(shop.holds(cups, "absent"));
  });

  // Goes red without the throw in `find`.
  test("throws where something is looked for that was not asked for", () => {
    const shop = openSet();
    assert.throws(() => shop.find(cups, "b"), /variants b was not asked for/);
    assert.throws(() => shop.find(plates, "a"), /products a was not asked for/);
    assert.ok(!shop.holds(cups, "b"));
    assert.ok(!shop.holds(plates, "a"));
  });

  // Goes red where `holds` asks for the needs of the whole round.
  test("tells a command of what it has asked for itself, whoever stands beside it", () => {
    const shop = openSet();
    shop.begin([need(cups, "absent")]);
    assert.ok(shop.holds(cups, "absent"));
    assert.ok(!shop.holds(cups, "a"));
    shop.begin([need(cups, "a")]);
    assert.ok(!shop.holds(cups, "absent"));
    assert.ok(shop.holds(cups, "a"));
  });

  // Goes red without `tray.draft.get(key)` in `find`, without `drop`, and without `keep`.
  test("shows a command its own changes, and the next one only those of who succeeded", () => {
    const shop = openSet();
    shop.put(cups, "a", { tea: 2 });
    shop.append(book, "poured");
    assert.deepEqual(shop.find(cups, "a"), { tea: 2 });
    shop.drop();
    assert.deepEqual(shop.find(cups, "a"), { tea: 1 });
    assert.equal(shop.changes(), undefined);

    shop.put(cups, "a", { tea: 3 });
    shop.keep();
    assert.deepEqual(shop.find(cups, "a"), { tea: 3 });
    shop.put(cups, "a", { tea: 4 });
    shop.drop();
    assert.deepEqual(shop.find(cups, "a"), { tea: 3 });
  });

  // Goes red without `!tray.before.has(key)` in `keep`.
  test("writes a row once, however many changed it, from what it was to what it became", () => {
    const shop = openSet();
    for (const tea of [2, 3, 4]) {
      shop.put(cups, "a", { tea });
      shop.append(book, `now ${tea}`);
      shop.keep();
    }
    assert.deepEqual(written(shop), {
      shelves: [["variants", [{ key: "a", before: { tea: 1 }, after: { tea: 4 } }]]],
      journals: [["book", ["now 2", "now 3", "now 4"]]],
    });
  });

  test("has a row that a command made for the next one, who asked for it", () => {
    const shop = openSet();
    shop.put(cups, "absent", { tea: 9 });
    shop.put(plates, "new", "blue");
    shop.keep();
    assert.deepEqual(shop.find(cups, "absent"), { tea: 9 });
    assert.deepEqual(written(shop), {
      shelves: [
        ["variants", [{ key: "absent", before: undefined, after: { tea: 9 } }]],
        ["products", [{ key: "new", before: undefined, after: "blue" }]],
      ],
      journals: [],
    });
  });

  // Goes red where the first `put` of a command after another one's does not note its tray.
  test("drops each command's changes of every shelf", () => {
    const shop = openSet();
    for (let i = 0; i < 3; i++) {
      shop.put(cups, "a", { tea: 100 });
      shop.put(cups, "a", { tea: 101 });
      shop.put(plates, "x", "red");
      shop.drop();
    }
    shop.keep();
    assert.equal(shop.changes(), undefined);
    assert.deepEqual(shop.find(cups, "a"), { tea: 1 });
  });
});
