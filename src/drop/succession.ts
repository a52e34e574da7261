// Units that become free go to the first waiting entry that they satisfy, in the round that frees them.

import { products, variants } from "../catalog/catalog.sql.ts";
import { returnStock, takeStock } from "../catalog/stock.ts";
import { isoOrNull } from "../database/statement.ts";
import { shopEvents } from "../events/shop-events.ts";
import { type Need, need } from "../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { type Drop, type Entry, heldUntil, holdFrom, passesOn, type Person, placeOf } from "./drop.ts";
import { drops } from "./drop.sql.ts";
import { holds, lineHeads, lineKey, lines } from "./line.sql.ts";
import { people, personKey } from "./person.sql.ts";

/** Units of one variant. */
export type Units = { productId: string; variantId: string; quantity: number };

/**
 * The rows that `freeUnits` reads.
 * @param productDrops the drop of each product that has one
 */
export function successionNeeds(productDrops: ReadonlyMap<string, string>, units: readonly Units[]): Need[] {
  return units.flatMap(({ productId, variantId, quantity }) => {
    const dropId = productDrops.get(productId);
    return [
      need(products, productId),
      need(variants, variantId),
      ...(dropId === undefined ? [] : [need(drops, dropId), need(lines, lineKey(dropId, variantId), quantity)]),
    ];
  });
}

/**
 * Returns units to stock, and hands them to those who wait for them. No other code returns units that were taken.
 * Errors: NeedsChanged.
 */
export function freeUnits(uow: UnitOfWork, units: Units): void {
  const drop = dropOf(uow, units.productId);
  returnStock(uow, units);
  if (drop) passUnits(uow, drop, units.variantId);
}

/** The drop by whose rules a product is sold. Errors: NeedsChanged if it is not among the command's needs. */
export function dropOf(uow: UnitOfWork, productId: string): Drop | undefined {
  const dropId = uow.find(products, productId)?.dropId ?? null;
  if (dropId === null) return undefined;
  if (!uow.holds(drops, dropId)) throw new NeedsChanged();
  return uow.find(drops, dropId);
}

/**
 * Hands the free units of a variant to the first waiting entries that they satisfy, in the order of their places.
 * Errors: NeedsChanged if more entries get their turn than were read.
 */
export function passUnits(uow: UnitOfWork, drop: Drop, variantId: string): void {
  if (!passesOn(drop, uow.now)) return;
  const key = lineKey(drop.id, variantId);
  if (!uow.holds(lines, key)) throw new NeedsChanged();
  const line = uow.find(lines, key);
  if (!line || line.waiting.length === 0) return;
  const free = (): number => uow.find(variants, variantId)?.stock ?? 0;
  const waiting: Person[] = [];
  const passed = new Set<number>();
  for (const [i, person] of line.waiting.entries()) {
    if (free() === 0) {
      waiting.push(...line.waiting.slice(i));
      break;
    }
    const { entry } = person;
    if (!entry) continue;
    if (entry.quantity > free()) waiting.push(person);
    else {
      passed.add(entry.quantity);
      hold(uow, drop, uow.peek(people, personKey(drop.id, person.person)) ?? person, entry);
    }
  }
  // Of this quantity more people wait, and all that were read have got their turn.
  const left = free();
  for (const quantity of passed)
    if (quantity <= left && line.truncated.has(quantity) && !waiting.some(({ entry }) => entry?.quantity === quantity)) throw new NeedsChanged();
  if (passed.size > 0) uow.put(lines, key, { ...line, waiting });
}

/** Takes an entry's units for it, until `holdFor` from now. */
export function hold(uow: UnitOfWork, drop: Drop, person: Person, entry: Entry): Person {
  takeStock(uow, { productId: drop.productId, variantId: entry.variantId, quantity: entry.quantity });
  const held = withEntry(person, { ...entry, status: "HELD", heldUntil: holdFrom(drop, uow.now) });
  uow.put(people, personKey(drop.id, person.person), held);
  const holders = uow.peek(holds, drop.id);
  if (holders) uow.put(holds, drop.id, [...holders, held]);
  moveHead(uow, drop.id, entry);
  announceEntry(uow, drop, held, "entry.held");
  return held;
}

/** A person with a changed entry. */
export function withEntry(person: Person, entry: Entry): Person {
  return { ...person, entry: { ...entry, changed: true } };
}

/** Adds a waiting person to the end of the line, if the round has read the line that far. */
export function joinLine(uow: UnitOfWork, { variantId, quantity }: Entry, person: Person): void {
  const line = uow.peek(lines, lineKey(person.dropId, variantId));
  if (!line || line.truncated.has(quantity)) return;
  uow.put(lines, lineKey(person.dropId, variantId), { ...line, waiting: [...line.waiting, person] });
}

/** Takes a person who no longer waits out of the line. */
export function leaveLine(uow: UnitOfWork, entry: Entry, person: Person): void {
  moveHead(uow, person.dropId, entry);
  const { variantId } = entry;
  const key = lineKey(person.dropId, variantId);
  const line = uow.peek(lines, key);
  if (line) uow.put(lines, key, { ...line, waiting: line.waiting.filter((other) => other.person !== person.person) });
}

/** The first waiting place moves on when its entry stops waiting. The next place is not known, so it is at least the one after. */
function moveHead(uow: UnitOfWork, dropId: string, entry: Entry): void {
  if (uow.peek(lineHeads, dropId)?.place === placeOf(entry)) uow.put(lineHeads, dropId, { place: placeOf(entry) + 1 });
}

/** Writes an event of an entry. Rehearsals have none. */
export function announceEntry(uow: UnitOfWork, drop: Drop, { entry }: Person, type: "entry.held" | "entry.lapsed"): void {
  if (entry === null || drop.rehearsalId !== null) return;
  const { id, number, userId, variantId, quantity } = entry;
  const until = heldUntil(drop, entry);
  uow.append(shopEvents, {
    id: uow.newId(),
    subject: id,
    type,
    data: { entryId: id, dropId: drop.id, number, userId, variantId, quantity, heldUntil: isoOrNull(until) },
    at: uow.now,
  });
}
