import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Journal, need, type Table } from "./table.ts";
import { UnitOfWork } from "./unit-of-work.ts";

const cups: Table<{ tea: number }> = { name: "variants", load: unused, read: unused, save: unused };
const plates: Table<string> = { name: "products", load: unused, read: unused, save: unused };
const book: Journal<string> = { name: "book", append: unused };
function unused(): never {
  throw new Error("no SQL here");
}

function openSet(): UnitOfWork {
  const loaded = new Map([[cups as Table<unknown>, new Map<string, unknown>([["a", { tea: 1 }]])]]);
  const needs = [need(cups, "a"), need(cups, "absent")];
  const uow = new UnitOfWork(needs, loaded, 1000);
  uow.begin(needs);
  return uow;
}

const written = (uow: UnitOfWork): unknown => {
  const changes = uow.changes();
  return (
    changes && {
      shelves: [...changes.tables].map(([{ name }, rows]) => [name, rows]),
      journals: [...changes.journals].map(([{ name }, rows]) => [name, rows]),
    }
  );
};

describe("the working set", () => {
  test("shows what was asked for, and that it is absent", () => {
    const uow = openSet();
    assert.deepEqual(uow.find(cups, "a"), { tea: 1 });
    assert.equal(uow.find(cups, "absent"), undefined);
    assert.ok(uow.holds(cups, "absent"));
  });

  // Goes red without the throw in `find`.
  test("throws where something is looked for that was not asked for", () => {
    const uow = openSet();
    assert.throws(() => uow.find(cups, "b"), /variants b was not asked for/);
    assert.throws(() => uow.find(plates, "a"), /products a was not asked for/);
    assert.ok(!uow.holds(cups, "b"));
    assert.ok(!uow.holds(plates, "a"));
  });

  // Goes red where `holds` asks for the needs of the whole round.
  test("tells a command of what it has asked for itself, whoever stands beside it", () => {
    const uow = openSet();
    uow.begin([need(cups, "absent")]);
    assert.ok(uow.holds(cups, "absent"));
    assert.ok(!uow.holds(cups, "a"));
    uow.begin([need(cups, "a")]);
    assert.ok(!uow.holds(cups, "absent"));
    assert.ok(uow.holds(cups, "a"));
  });

  // Goes red without `tray.draft.get(key)` in `find`, without `drop`, and without `keep`.
  test("shows a command its own changes, and the next one only those of who succeeded", () => {
    const uow = openSet();
    uow.put(cups, "a", { tea: 2 });
    uow.append(book, "poured");
    assert.deepEqual(uow.find(cups, "a"), { tea: 2 });
    uow.drop();
    assert.deepEqual(uow.find(cups, "a"), { tea: 1 });
    assert.equal(uow.changes(), undefined);

    uow.put(cups, "a", { tea: 3 });
    uow.keep();
    assert.deepEqual(uow.find(cups, "a"), { tea: 3 });
    uow.put(cups, "a", { tea: 4 });
    uow.drop();
    assert.deepEqual(uow.find(cups, "a"), { tea: 3 });
  });

  // Goes red without `!tray.before.has(key)` in `keep`.
  test("writes a row once, however many changed it, from what it was to what it became", () => {
    const uow = openSet();
    for (const tea of [2, 3, 4]) {
      uow.put(cups, "a", { tea });
      uow.append(book, `now ${tea}`);
      uow.keep();
    }
    assert.deepEqual(written(uow), {
      shelves: [["variants", [{ key: "a", before: { tea: 1 }, after: { tea: 4 } }]]],
      journals: [["book", ["now 2", "now 3", "now 4"]]],
    });
  });

  test("has a row that a command made for the next one, who asked for it", () => {
    const uow = openSet();
    uow.put(cups, "absent", { tea: 9 });
    uow.put(plates, "new", "blue");
    uow.keep();
    assert.deepEqual(uow.find(cups, "absent"), { tea: 9 });
    assert.deepEqual(written(uow), {
      shelves: [
        ["variants", [{ key: "absent", before: undefined, after: { tea: 9 } }]],
        ["products", [{ key: "new", before: undefined, after: "blue" }]],
      ],
      journals: [],
    });
  });

  // Goes red where the first `put` of a command after another one's does not note its tray.
  test("drops each command's changes of every shelf", () => {
    const uow = openSet();
    for (let i = 0; i < 3; i++) {
      uow.put(cups, "a", { tea: 100 });
      uow.put(cups, "a", { tea: 101 });
      uow.put(plates, "x", "red");
      uow.drop();
    }
    uow.keep();
    assert.equal(uow.changes(), undefined);
    assert.deepEqual(uow.find(cups, "a"), { tea: 1 });
  });
});
