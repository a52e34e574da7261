// Orders of products that are in drops: their rules, and how an order takes over a hold.

import { refuse } from "../refusal.ts";
import { type Need, need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { iso } from "../database/statement.ts";
import { type Drop, type Entry, hasLapsed, heldUntil, isOver, type Person } from "./drop.ts";
import { drops } from "./drop.sql.ts";
import { checkLimit, checkOpen } from "./enter-drop.ts";
import { people, personKey } from "./person.sql.ts";
import { type Sale, sales } from "./sale.sql.ts";
import { announceEntry, dropOf, freeUnits, type Units, withEntry } from "./succession.ts";

/** The refusals by which a drop keeps a product from being ordered. */
export const DROP_REFUSALS = ["DROP_NOT_OPEN", "DROP_CLOSED", "DROP_SOLD_OUT", "DROP_LIMIT_EXCEEDED", "DROP_ENTRY_REQUIRED"] as const;

/** Who orders what. */
export type Buying = { orderId: string; userId: string; person: string; items: readonly Units[] };

/** `held` has the variants whose units were taken when they were held, `heldUntil` is when the first of these holds ends (ms). */
export type Sold = { held: ReadonlySet<string>; heldUntil: number | null };

/**
 * The rows of the drops in which these products are sold.
 * @param persons whom the limits may count for
 */
export function saleNeeds(productDrops: ReadonlyMap<string, string>, productIds: readonly string[], persons: readonly string[]): Need[] {
  if (productDrops.size === 0) return [];
  const ids = new Set(productIds.flatMap((id) => productDrops.get(id) ?? []));
  return [...ids].flatMap((id) => [need(drops, id), ...persons.map((person) => need(people, personKey(id, person)))]);
}

/**
 * Applies the rules of each drop to an order: window, limit, hold. A hold of which the order takes only a part gives up the rest.
 * Products that are in no drop, or for which the order has a sale already, are left out.
 * Errors: DROP_NOT_OPEN, DROP_CLOSED, DROP_LIMIT_EXCEEDED, DROP_ENTRY_REQUIRED, NeedsChanged.
 */
export function sellInDrops(uow: UnitOfWork, { orderId, userId, person, items }: Buying, before: readonly Sale[] = []): Sold {
  const held = new Set<string>();
  const made: Sale[] = [];
  let until: number | null = null;
  for (const [drop, units] of byDrop(uow, items)) {
    if (before.some(({ dropId }) => dropId === drop.id)) continue;
    const row = uow.find(people, personKey(drop.id, person));
    const count = units.reduce((sum, { quantity }) => sum + quantity, 0);
    if (drop.mode === "DIRECT") {
      checkOpen(drop, uow.now);
      checkLimit(drop, row?.units ?? 0, count);
      uow.put(people, personKey(drop.id, person), addUnits(drop, row, person, count));
      made.push({ orderId, dropId: drop.id, person, entry: null, units: count });
    } else {
      const holder = holderOf(uow, drop, row, userId, units);
      until = Math.min(until ?? Number.POSITIVE_INFINITY, heldUntil(drop, holder.entry) ?? 0);
      takeOver(uow, drop, holder, orderId, count);
      held.add(holder.entry.variantId);
      made.push({ orderId, dropId: drop.id, person, entry: holder.entry.number, units: count });
    }
  }
  if (made.length > 0) uow.put(sales, orderId, [...before, ...made]);
  return { held, heldUntil: until };
}

function byDrop(uow: UnitOfWork, items: readonly Units[]): Map<Drop, Units[]> {
  const found = new Map<string, [Drop, Units[]]>();
  for (const item of items) {
    const drop = dropOf(uow, item.productId);
    if (!drop) continue;
    const units = found.get(drop.id)?.[1];
    if (units) units.push(item);
    else found.set(drop.id, [drop, [item]]);
  }
  return new Map(found.values());
}

function addUnits(drop: Drop, row: Person | undefined, person: string, units: number): Person {
  if (row) return { ...row, units: row.units + units };
  return { dropId: drop.id, person, units, most: drop.limitPerCustomer, entry: null, stored: false };
}

type Holder = Person & { entry: Entry };

/** The buyer, if the buyer's hold covers these units. Errors: DROP_NOT_OPEN, DROP_CLOSED, DROP_ENTRY_REQUIRED. */
function holderOf(uow: UnitOfWork, drop: Drop, person: Person | undefined, userId: string, units: Units[]): Holder {
  const { id: dropId, productId, opensAt } = drop;
  if (drop.closedAt !== null) refuse("DROP_CLOSED", { dropId, reason: "CLOSED" });
  if (uow.now < opensAt) refuse("DROP_NOT_OPEN", { dropId, opensAt: iso(opensAt) });
  if (drop.pausedAt !== null) refuse("DROP_CLOSED", { dropId, reason: "PAUSED" });
  const entry = person?.entry;
  const [wanted, ...others] = units;
  const covers = wanted !== undefined && others.length === 0 && wanted.variantId === entry?.variantId && wanted.quantity <= entry.quantity;
  if (person && entry?.status === "HELD" && entry.userId === userId && !hasLapsed(drop, entry, uow.now) && covers) return { ...person, entry };
  if (drop.mode === "FIRST_COME" && isOver(drop, uow.now)) refuse("DROP_CLOSED", { dropId, reason: "CLOSED" });
  refuse("DROP_ENTRY_REQUIRED", { dropId, productId });
}

/** The order takes over a hold; units that it does not take are free again. */
function takeOver(uow: UnitOfWork, drop: Drop, person: Holder, orderId: string, units: number): void {
  const rest = person.entry.quantity - units;
  const ordered = withEntry({ ...person, units: person.units - rest }, { ...person.entry, status: "ORDERED", orderId });
  uow.put(people, personKey(drop.id, person.person), ordered);
  if (rest > 0) freeUnits(uow, { productId: drop.productId, variantId: person.entry.variantId, quantity: rest });
}

/** The order was paid: its entries have bought. */
export function markBought(uow: UnitOfWork, orderId: string): void {
  for (const sale of salesOf(uow, orderId)) setEntry(uow, sale, "BOUGHT");
}

/** The order was cancelled, declined for good, or has expired: none of its units count any more. */
export function endSales(uow: UnitOfWork, orderId: string, status: "LEFT" | "LAPSED"): void {
  const before = salesOf(uow, orderId);
  for (const sale of before) giveBack(uow, sale, sale.units, status);
  if (before.length > 0)
    uow.put(
      sales,
      orderId,
      before.map((sale) => ({ ...sale, units: 0 })),
    );
}

/**
 * Units of an order were refunded: they count back.
 * @param left nothing of the order remains, and none of it was shipped: its entries are left
 */
export function refundSales(uow: UnitOfWork, orderId: string, refunded: readonly Units[], left: boolean): void {
  const before = salesOf(uow, orderId);
  if (before.length === 0) return;
  const after = before.map((sale) => {
    const productId = uow.find(drops, sale.dropId)?.productId;
    const units = refunded.reduce((sum, item) => sum + (item.productId === productId ? item.quantity : 0), 0);
    giveBack(uow, sale, units, left ? "LEFT" : null);
    return { ...sale, units: sale.units - units };
  });
  uow.put(sales, orderId, after);
}

/** Whether the hold that an unpaid order took over has ended; undefined if it took none. A pause stops its time. */
export function holdHasEnded(uow: UnitOfWork, orderId: string): boolean | undefined {
  let ended: boolean | undefined;
  for (const { dropId, person, entry: number } of salesOf(uow, orderId)) {
    const drop = uow.find(drops, dropId);
    const entry = uow.find(people, personKey(dropId, person))?.entry;
    if (number === null || !drop || entry?.number !== number) continue;
    ended = (ended ?? false) || hasLapsed(drop, { ...entry, status: "HELD" }, uow.now);
  }
  return ended;
}

/** The sales of an order. Orders of products that were never in a drop need no rows of drops. */
export function salesOf(uow: UnitOfWork, orderId: string): Sale[] {
  return uow.peek(sales, orderId) ?? [];
}

function giveBack(uow: UnitOfWork, sale: Sale, units: number, status: "LEFT" | "LAPSED" | null): void {
  const key = personKey(sale.dropId, sale.person);
  const row = uow.find(people, key);
  if (!row) throw new Error(`the buyer of order ${sale.orderId} in drop ${sale.dropId} has no row`);
  uow.put(people, key, { ...row, units: row.units - units });
  if (status) setEntry(uow, sale, status);
}

function setEntry(uow: UnitOfWork, sale: Sale, status: "BOUGHT" | "LEFT" | "LAPSED"): void {
  const key = personKey(sale.dropId, sale.person);
  const row = uow.find(people, key);
  const drop = uow.find(drops, sale.dropId);
  if (sale.entry === null || !drop || row?.entry?.number !== sale.entry) return;
  const changed = withEntry(row, { ...row.entry, status, endedAt: status === "BOUGHT" ? null : uow.now });
  uow.put(people, key, changed);
  if (status === "LAPSED") announceEntry(uow, drop, changed, "entry.lapsed");
}
