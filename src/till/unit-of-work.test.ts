import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Journal, need, type Table } from "./table.ts";
import { UnitOfWork } from "./unit-of-work.ts";

const cups: Table<{ tea: number }> = { name: "variants", load: unused, read: unused, save: unused };
const plates: Table<string> = { name: "products", load: unused, read: unused, save: unused };
const log: Journal<string> = { name: "log", append: unused };
function unused(): never {
  throw new Error("no SQL here");
}

/** A unit of work with one cup; another cup is needed and absent. */
function openUow(): UnitOfWork {
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
      tables: [...changes.tables].map(([{ name }, rows]) => [name, rows]),
      journals: [...changes.journals].map(([{ name }, rows]) => [name, rows]),
    }
  );
};

describe("the unit of work", () => {
  test("finds needed rows, and that a needed row is absent", () => {
    const uow = openUow();
    assert.deepEqual(uow.find(cups, "a"), { tea: 1 });
    assert.equal(uow.find(cups, "absent"), undefined);
    assert.ok(uow.holds(cups, "absent"));
  });

  test("throws for a row that is not needed", () => {
    const uow = openUow();
    assert.throws(() => uow.find(cups, "b"), /variants b is not in the command's needs/);
    assert.throws(() => uow.find(plates, "a"), /products a is not in the command's needs/);
    assert.ok(!uow.holds(cups, "b"));
    assert.ok(!uow.holds(plates, "a"));
  });

  test("holds only the needs of the current command, not those of its neighbors", () => {
    const uow = openUow();
    uow.begin([need(cups, "absent")]);
    assert.ok(uow.holds(cups, "absent"));
    assert.ok(!uow.holds(cups, "a"));
    uow.begin([need(cups, "a")]);
    assert.ok(!uow.holds(cups, "absent"));
    assert.ok(uow.holds(cups, "a"));
  });

  // Goes red without `row.draft ??` in `peek`, without `drop`, and without `keep`.
  test("shows a command its own changes, and the next command only those of commands that succeeded", () => {
    const uow = openUow();
    uow.put(cups, "a", { tea: 2 });
    uow.append(log, "poured");
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

  // Goes red without `!row.isKept` in `keep`.
  test("writes a row once, from its loaded version to its last, however many commands changed it", () => {
    const uow = openUow();
    for (const tea of [2, 3, 4]) {
      uow.put(cups, "a", { tea });
      uow.append(log, `now ${tea}`);
      uow.keep();
    }
    assert.deepEqual(written(uow), {
      tables: [["variants", [{ key: "a", before: { tea: 1 }, after: { tea: 4 } }]]],
      journals: [["log", ["now 2", "now 3", "now 4"]]],
    });
  });

  test("shows an inserted row to the next command that needs it", () => {
    const uow = openUow();
    uow.put(cups, "absent", { tea: 9 });
    uow.put(plates, "new", "blue");
    uow.keep();
    assert.deepEqual(uow.find(cups, "absent"), { tea: 9 });
    assert.deepEqual(written(uow), {
      tables: [
        ["variants", [{ key: "absent", before: undefined, after: { tea: 9 } }]],
        ["products", [{ key: "new", before: undefined, after: "blue" }]],
      ],
      journals: [],
    });
  });

  // Goes red if the first `put` of a later command does not add its row to `#drafts`.
  test("drops the changes of each refused command in every table", () => {
    const uow = openUow();
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
