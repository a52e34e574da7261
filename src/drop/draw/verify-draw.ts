// Recomputes a draw from its public file alone.

import { commitmentOf, drawOrder, leafOf, winnersOf } from "./draw.ts";
import { type DrawHeader, type DrawLine, readHeader, readLine } from "./draw-file.ts";
import { pathOf, rootFromPath, rootOf } from "./merkle.ts";
import { PackedEntries } from "./packed-entries.ts";

/** Values that were noted before the draw, and an entry to look up. */
export type Expected = { commitment?: string | undefined; entriesRoot?: string | undefined; entryId?: string | undefined };

/** `ok`: it agrees; `failed`: it does not; `note`: nothing to compare. */
export type Finding = { result: "ok" | "failed" | "note"; text: string };

/** An entry that was looked up. `place` counts from 0, in order of number. */
type Found = { place: number; entry: DrawLine };
type Drawn = { order: Uint32Array; winners: number[] };
type Reporter = { check(ok: boolean, right: string, wrong: string): void; note(text: string): void };

/**
 * Checks a draw and reports each finding as soon as it is known.
 * @param lines of the draw's file
 * @returns whether all of it agrees
 * Errors: NotADrawFile, and those of `lines`.
 */
export async function verifyDraw(lines: AsyncIterator<string>, expected: Expected, report: (finding: Finding) => void): Promise<boolean> {
  let agrees = true;
  const reporter: Reporter = {
    check(ok, right, wrong) {
      agrees &&= ok;
      report(ok ? { result: "ok", text: right } : { result: "failed", text: wrong });
    },
    note: (text) => report({ result: "note", text }),
  };
  const header = readHeader((await lines.next()).value as string | undefined);
  reporter.note(`drop ${header.dropId}`);
  const { entries, found } = await readEntries(header, lines, expected.entryId);
  checkCommitment(header, expected, reporter);
  checkEntries(header, entries, expected, reporter);
  const drawn = await checkOrder(header, entries, reporter);
  if (expected.entryId !== undefined) checkEntry(header, entries, found, drawn, reporter);
  return agrees;
}

async function readEntries(
  { dropId }: DrawHeader,
  lines: AsyncIterator<string>,
  entryId: string | undefined,
): Promise<{ entries: PackedEntries; found?: Found }> {
  const entries = new PackedEntries();
  let found: Found | undefined;
  for (let line = 2, next = await lines.next(); !next.done; line++, next = await lines.next()) {
    const entry = readLine(next.value, line);
    if (entry.entryId === entryId) found = { place: entries.count, entry };
    entries.add(entry, leafOf(dropId, entry));
  }
  return found ? { entries, found } : { entries };
}

function checkCommitment({ commitment, seed }: DrawHeader, expected: Expected, { check }: Reporter): void {
  if (expected.commitment !== undefined)
    check(commitment === expected.commitment, "commitment is the given one", `commitment is ${commitment}, not the given one`);
  if (seed === null) return;
  const made = commitmentOf(seed);
  check(made === commitment, `commitment ${commitment} is the hash of the seed`, `commitment is ${commitment}, but the hash of the seed is ${made}`);
}

function checkEntries(header: DrawHeader, entries: PackedEntries, expected: Expected, { check, note }: Reporter): void {
  const { entriesRoot, entryCount, publicValue, publicValueSource } = header;
  if (expected.entriesRoot !== undefined)
    check(entriesRoot === expected.entriesRoot, "entriesRoot is the given one", `entriesRoot is ${entriesRoot}, not the given one`);
  if (entriesRoot === null) {
    check(entries.count === 0, "entries are still taken: the file lists none", "the file lists entries, but has no entriesRoot");
    return;
  }
  const { count, unordered } = entries;
  check(count === entryCount, `${count} entries`, `${count} entries, but entryCount is ${entryCount}`);
  check(unordered === undefined, "entries are in order of number, each number once", `number ${unordered} is not higher than the one before it`);
  const root = rootOf(entries.leaves).toString("hex");
  check(root === entriesRoot, `entriesRoot ${root} is the root of these entries`, `entriesRoot is ${entriesRoot}, but these entries give ${root}`);
  if (publicValueSource !== null) note(`public value ${JSON.stringify(publicValue)}; compare it with its source: ${publicValueSource}`);
  else check(publicValue === null, "no public value was announced, and none is used", "a public value is used that was not announced");
}

/** Returns the places of all entries in the order of the draw, and of those that stock suffices for. */
async function checkOrder(header: DrawHeader, entries: PackedEntries, { check, note }: Reporter): Promise<Drawn | undefined> {
  const { seed, publicValue, publicValueSource, entriesRoot, drawnAt, stock } = header;
  if (seed === null) {
    check(!entries.ranked && drawnAt === null, "not drawn yet: no entry has a rank", "drawn, but the seed is not published");
    return undefined;
  }
  if (entriesRoot === null || drawnAt === null || stock === null) {
    check(false, "", "the seed is published, but entriesRoot, drawnAt or stock is missing");
    return undefined;
  }
  if (publicValueSource !== null) check(publicValue !== null, "the announced public value is used", "drawn without the announced public value");
  const order = await drawOrder({ seed, publicValue, entriesRoot }, entries.leaves);
  const wrong = order.findIndex((place, i) => entries.ranks[place] !== i + 1);
  check(wrong === -1, `${order.length} ranks follow from the seed, the public value and the entries`, `rank ${wrong + 1} belongs to another entry`);
  const winners = winnersOf(order, stock, (place) => entries.at(place));
  const units = winners.reduce((sum, place) => sum + entries.at(place).quantity, 0);
  const all = Object.values(stock).reduce((sum, n) => sum + n, 0);
  note(`stock sufficed for ${winners.length} entries (${units} of ${all} units), not counting entries that left after the close`);
  return { order, winners };
}

function checkEntry(header: DrawHeader, entries: PackedEntries, found: Found | undefined, drawn: Drawn | undefined, { check, note }: Reporter): void {
  check(found !== undefined, "the entry is in the file", "the entry is not in the file");
  if (!found) return;
  const { place, entry } = found;
  const path = pathOf(entries.leaves, place);
  const root = rootFromPath(leafOf(header.dropId, entry), place, entries.count, path)?.toString("hex");
  check(
    root === header.entriesRoot,
    `its proof leads to entriesRoot: index ${place}, ${path.length} siblings`,
    "its proof does not lead to entriesRoot",
  );
  const asked = `entry ${entry.entryId}: number ${entry.number}, ${entry.quantity} of variant ${entry.variantId}`;
  if (!drawn) return note(asked);
  const won = drawn.winners.includes(place) ? "stock sufficed for it" : "stock did not suffice for it";
  note(`${asked}, rank ${drawn.order.indexOf(place) + 1} of ${entries.count}; ${won}`);
}
