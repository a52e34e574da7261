// Entries that end without an order: left by their owner, or lapsed.

import { refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { type Need, need } from "../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { type Drop, type Entry, entryStatus, hasLapsed, isDrawn, type Person } from "./drop.ts";
import { drops } from "./drop.sql.ts";
import { lineHeads, lineKey, lines } from "./line.sql.ts";
import { people, personKey } from "./person.sql.ts";
import type { ProductDrops } from "./product-drops.ts";
import { announceEntry, freeUnits, leaveLine, successionNeeds, withEntry } from "./succession.ts";
import type { FindEntry, FindRank, FoundEntry } from "./find-entry.ts";

/** `found` is filled in by `prepare`: the person's last entry and the drop's product. */
type OfPerson = { dropId: string; person: string; found?: FoundEntry; productDrops?: [string, string][] };

export type LeaveDrop = OfPerson & { userId: string };

/**
 * Leaves the line or gives up a hold, whose units pass to the line. An entry that has ended stays as it is.
 * Errors: DROP_NOT_FOUND, ENTRY_NOT_FOUND, DROP_ENTRY_ORDERED.
 */
export function leaveDrop(productDrops: ProductDrops, findEntry: FindEntry, findRank: FindRank): Command<LeaveDrop, null> {
  return command<LeaveDrop, null>({
    name: "leave drop",
    prepare: async (input) => withRank(findRank, await prepareEnd(productDrops, findEntry, input)),
    needs: entryNeeds,

    decide(uow, { dropId, person, userId, found }) {
      const drop = uow.find(drops, dropId) ?? refuse("DROP_NOT_FOUND", { dropId });
      const row = uow.find(people, personKey(dropId, person));
      const entry = row?.entry;
      if (!entry || entry.userId !== userId) refuse("ENTRY_NOT_FOUND", { dropId });
      const status = entryStatus(drop, entry, uow.now);
      if (status === "ORDERED" || status === "BOUGHT") refuse("DROP_ENTRY_ORDERED", { dropId, entryId: entry.id });
      if (status !== "HELD" && status !== "WAITING") return null;
      checkFound(entry, found);
      endEntry(uow, drop, row, rankedEntry(drop, entry, found), "LEFT");
      return null;
    },
  });
}

/** `number` is the entry's that was found to have lapsed. */
export type LapseHold = OfPerson & { number: number };

/** Ends a hold whose time is over, and passes its units to the line. Returns false, and changes nothing, for any other entry. */
export function lapseHold(productDrops: ProductDrops, findEntry: FindEntry): Command<LapseHold, boolean> {
  return command<LapseHold, boolean>({
    name: "lapse hold",
    prepare: (input) => prepareEnd(productDrops, findEntry, input),
    needs: entryNeeds,

    decide(uow, { dropId, person, number, found }) {
      const drop = uow.find(drops, dropId);
      const row = uow.find(people, personKey(dropId, person));
      if (!drop || !row?.entry || row.entry.number !== number || !hasLapsed(drop, row.entry, uow.now)) return false;
      checkFound(row.entry, found);
      endEntry(uow, drop, row, row.entry, "LAPSED");
      return true;
    },
  });
}

/** Ends an entry that waits or is held. Errors: NeedsChanged. */
export function endEntry(uow: UnitOfWork, drop: Drop, person: Person, entry: Entry, status: "LEFT" | "LAPSED"): void {
  const ended = withEntry({ ...person, units: person.units - entry.quantity }, { ...entry, status, endedAt: endOf(drop, uow.now) });
  uow.put(people, personKey(drop.id, person.person), ended);
  if (status === "LAPSED") announceEntry(uow, drop, ended, "entry.lapsed");
  if (entry.status === "WAITING") leaveLine(uow, entry, person);
  else freeUnits(uow, { productId: drop.productId, variantId: entry.variantId, quantity: entry.quantity });
}

/** Finds the rank of an entry that waits after a draw. */
async function withRank<Input extends OfPerson>(findRank: FindRank, input: Input): Promise<Input> {
  const { dropId, found } = input;
  if (!found?.isDrawn || found.status !== "WAITING") return input;
  return { ...input, found: { ...found, rank: await findRank(dropId, found.number) } };
}

/** The command has locked the rows of another entry, or of none: the person has entered since. Errors: NeedsChanged. */
function checkFound({ number }: Entry, found: FoundEntry | undefined): void {
  if (found?.number !== number) throw new NeedsChanged();
}

/** Errors: NeedsChanged for a draw that was made since the rank was looked for. */
function rankedEntry(drop: Drop, entry: Entry, found: FoundEntry | undefined): Entry {
  if (entry.status !== "WAITING" || !isDrawn(drop)) return entry;
  if (!found?.isDrawn) throw new NeedsChanged();
  return { ...entry, rank: found.rank };
}

async function prepareEnd<Input extends OfPerson>(productDrops: ProductDrops, findEntry: FindEntry, input: Input): Promise<Input> {
  if (input.found) productDrops.forget();
  const [found, known] = await Promise.all([findEntry(input.dropId, input.person), productDrops.known()]);
  return found ? { ...input, found, productDrops: [...known].filter(([productId]) => productId === found.productId) } : input;
}

function entryNeeds({ dropId, person, found, productDrops = [] }: OfPerson): Need[] {
  const own = [need(drops, dropId), need(people, personKey(dropId, person)), need(lineHeads, dropId)];
  if (!found) return own;
  return [...own, need(lines, lineKey(dropId, found.variantId), 1), ...successionNeeds(new Map(productDrops), [found])];
}

/** When an entry ends. Of a draw whose entries are closed none ends before the close: it stays in the draw. */
function endOf({ draw, closesAt }: Drop, now: number): number {
  return draw !== null && draw.entriesClosedAt !== null ? Math.max(now, closesAt ?? now) : now;
}
