import assert from "node:assert/strict";
import { test } from "node:test";
import { type Due, DueWork, LOOK_MS } from "./due-work.ts";

type Row = { id: string };

/** Work on `rows` at an instant that the test sets. Each begun row is in `begun` until it is ended. */
function worked(rows: Due<Row>[]) {
  const clock = { now: 0 };
  const begun: { id: string; end: (error?: Error) => void }[] = [];
  const work = new DueWork<Row>({
    now: () => clock.now,
    select: async (until, limit) => rows.filter(({ dueAt }) => dueAt <= until).slice(0, limit),
    keyOf: ({ id }) => id,
    perform: ({ id }) => new Promise<void>((resolve, reject) => begun.push({ id, end: (error) => (error ? reject(error) : resolve()) })),
  });
  return { clock, begun, work, ids: () => begun.map(({ id }) => id) };
}

test("work that takes long delays no row that becomes due after it", async () => {
  const rows = [{ id: "a", dueAt: 0 }];
  const { clock, work, ids } = worked(rows);
  await work.look();
  rows.push({ id: "b", dueAt: 10 });
  clock.now = 10;
  await work.look();
  assert.deepEqual(ids(), ["a", "b"]);
});

test("a row whose work is in flight is begun once, and again if it is due after that", async () => {
  const { work, begun, ids } = worked([{ id: "a", dueAt: 0 }]);
  await work.look();
  await work.look();
  assert.deepEqual(ids(), ["a"]);
  begun[0]?.end();
  await work.settled();
  await work.look();
  assert.deepEqual(ids(), ["a", "a"]);
});

test("no row is begun before it is due, and the next look comes when it is", async () => {
  const { clock, work, ids } = worked([
    { id: "a", dueAt: 100 },
    { id: "b", dueAt: 10_000 },
  ]);
  const nextMs = await work.look();
  assert.deepEqual(ids(), []);
  assert.ok(nextMs >= 100 && nextMs < LOOK_MS, `${nextMs} ms`);
  clock.now = nextMs;
  assert.equal(await work.look(), LOOK_MS);
  assert.deepEqual(ids(), ["a"]);
});

test("more due rows than are read at once are all begun, without a pause", async () => {
  const rows = Array.from({ length: 1200 }, (_, i) => ({ id: `${i}`, dueAt: 0 }));
  const { work, ids } = worked(rows);
  while ((await work.look()) === 0);
  assert.equal(new Set(ids()).size, rows.length);
});

test("rows that stay due although their work has ended do not make it look without a pause", async () => {
  const { work, begun } = worked(Array.from({ length: 500 }, (_, i) => ({ id: `${i}`, dueAt: 0 })));
  assert.equal(await work.look(), 0);
  assert.equal(await work.look(), LOOK_MS);
  for (const { end } of begun) end();
});

test("work that fails is reported by the next look, and begun again", async () => {
  const { work, begun, ids } = worked([{ id: "a", dueAt: 0 }]);
  await work.look();
  begun[0]?.end(new Error("the database is away"));
  await work.settled();
  await assert.rejects(work.look(), /the database is away/);
  assert.deepEqual(ids(), ["a", "a"]);
  assert.equal(await work.look(), LOOK_MS);
});
