import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Page, BatchedPages } from "./batched-pages.ts";
import { LAST_ID } from "./statement.ts";

type Row = { page: number; id: string };

/** Pages over reads that the test answers itself. */
function open(): { pages: BatchedPages<Row>; reads: { asked: Page[]; answer(): Promise<void>; fail(): Promise<void> }[] } {
  const reads: { asked: Page[]; answer(): Promise<void>; fail(): Promise<void> }[] = [];
  const pages = new BatchedPages<Row>((asked) => {
    const { promise, resolve, reject } = Promise.withResolvers<Row[]>();
    const rowsOf = ({ userId, before, most }: Page, i: number): Row[] =>
      userId === "empty" ? [] : Array.from({ length: most }, (_, n) => ({ page: i + 1, id: `${userId} ${before.slice(0, 1)}${n}` }));
    const answer = (): Promise<void> => (resolve(asked.flatMap(rowsOf)), nextTurn());
    reads.push({ asked, answer, fail: () => (reject(new Error("no connection")), nextTurn()) });
    return promise;
  });
  return { pages, reads };
}

const ids = async (page: Promise<Row[]>): Promise<string[]> => (await page).map(({ id }) => id);

test("requests that come during reads share the next one, and each gets its own page", async () => {
  const { pages, reads } = open();
  const first = [ids(pages.get("a", null, 1)), ids(pages.get("b", null, 1))];
  assert.deepEqual(
    reads.map(({ asked }) => asked),
    [[{ userId: "a", before: LAST_ID, most: 1 }], [{ userId: "b", before: LAST_ID, most: 1 }]],
  );
  const later = [ids(pages.get("c", "0", 2)), ids(pages.get("empty", null, 5)), ids(pages.get("a", null, 1))];
  assert.equal(reads.length, 2);
  await reads[0]?.answer();
  assert.deepEqual(reads[2]?.asked, [
    { userId: "c", before: "0", most: 2 },
    { userId: "empty", before: LAST_ID, most: 5 },
    { userId: "a", before: LAST_ID, most: 1 },
  ]);
  await reads[2]?.answer();
  await reads[1]?.answer();
  assert.deepEqual(await Promise.all([...first, ...later]), [["a f0"], ["b f0"], ["c 00", "c 01"], [], ["a f0"]]);
});

// Goes red without the limit in `#takeBatch`: one read for all.
test("a rush is read in limited batches, in order of arrival", async () => {
  const { pages, reads } = open();
  const all = Array.from({ length: 100 }, (_, n) => ids(pages.get(String(n), null, 1)));
  for (let i = 0; i < reads.length; i++) await reads[i]?.answer();
  assert.deepEqual(
    reads.map(({ asked }) => asked.length),
    [1, 1, 32, 32, 32, 2],
  );
  assert.deepEqual(
    reads.flatMap(({ asked }) => asked.map(({ userId }) => Number(userId))),
    Array.from({ length: 100 }, (_, n) => n),
  );
  assert.deepEqual(
    await Promise.all(all),
    all.map((_, n) => [`${n} f0`]),
  );
});

test("a failed read rejects only the requests of its batch", async () => {
  const { pages, reads } = open();
  const [first, second, third] = [pages.get("a", null, 1), pages.get("b", null, 1), pages.get("c", null, 1)];
  const failed = assert.rejects(first, /no connection/);
  await reads[0]?.fail();
  await failed;
  await reads[1]?.answer();
  await reads[2]?.answer();
  assert.deepEqual(await Promise.all([ids(second), ids(third)]), [["b f0"], ["c f0"]]);
});
