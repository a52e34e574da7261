// Commands by which operators steer a drop.

import { products, variants } from "../catalog/catalog.sql.ts";
import { refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { type Need, need } from "../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { type Drop, dropStatus, isOver } from "./drop.ts";
import { announceDrop } from "./announce-drop.ts";
import { drops } from "./drop.sql.ts";
import { dropView, type DropView } from "./drop-view.ts";
import { endEntry } from "./end-entry.ts";
import { holds, lineHeads, lineKey, lines } from "./line.sql.ts";
import { people, personKey } from "./person.sql.ts";
import { movedOrders } from "./move-orders.ts";
import { passUnits } from "./succession.ts";

/** The stock of each variant when the command was prepared: the most units that may pass to the line. */
export type OfDrop = { dropId: string; productId?: string; stock?: { variantId: string; units: number }[] };

/** Reads a drop's product and the stock of its variants; undefined if the drop does not exist. */
export type FindStock = (dropId: string) => Promise<Pick<Required<OfDrop>, "productId" | "stock"> | undefined>;

const prepare = async <Input extends OfDrop>(findStock: FindStock, input: Input): Promise<Input> => ({
  ...input,
  ...(await findStock(input.dropId)),
});

/** The drop, and all that its view shows. */
export function dropNeeds({ dropId, productId, stock = [] }: OfDrop): Need[] {
  return [
    need(drops, dropId),
    need(lineHeads, dropId),
    ...(productId === undefined ? [] : [need(products, productId)]),
    ...stock.map(({ variantId }) => need(variants, variantId)),
  ];
}

/** Errors: DROP_NOT_FOUND. */
export function getDrop(uow: UnitOfWork, dropId: string): Drop {
  return uow.find(drops, dropId) ?? refuse("DROP_NOT_FOUND", { dropId });
}

export function viewDrop(uow: UnitOfWork, { dropId, stock = [] }: OfDrop): DropView {
  const drop = getDrop(uow, dropId);
  const place = uow.find(lineHeads, dropId)?.place ?? null;
  const remaining = stock.reduce((sum, { variantId }) => sum + onSale(uow, variantId), 0);
  return dropView(
    drop,
    { remaining, called: place === null ? (drop.draw?.drawnAt ? (drop.draw.entryCount ?? 0) : drop.number) : place - 1 },
    uow.now,
  );
}

/** Whether nothing of a drop is free. */
export function isSoldOut(uow: UnitOfWork, stock: Required<OfDrop>["stock"]): boolean {
  return stock.every(({ variantId }) => onSale(uow, variantId) === 0);
}

function onSale(uow: UnitOfWork, variantId: string): number {
  const variant = uow.find(variants, variantId);
  return variant?.status === "ON_SALE" ? variant.stock : 0;
}

/**
 * Pauses a drop: it takes neither orders nor entries, nothing lapses and nothing is passed on. A paused drop stays as it is.
 * Errors: DROP_NOT_FOUND, DROP_CLOSED.
 */
export function pauseDrop(findStock: FindStock): Command<OfDrop, DropView> {
  return command<OfDrop, DropView>({
    name: "pause drop",
    prepare: (input) => prepare(findStock, input),
    needs: dropNeeds,

    decide(uow, input) {
      const drop = getDrop(uow, input.dropId);
      if (drop.closedAt !== null || (drop.mode === "DIRECT" && isOver(drop, uow.now))) refuse("DROP_CLOSED", { dropId: drop.id, reason: "CLOSED" });
      if (drop.pausedAt === null) uow.put(drops, drop.id, { ...drop, pausedAt: uow.now });
      return viewDrop(uow, input);
    },
  });
}

/**
 * Resumes a drop. Every hold is moved by the length of the pause, and units that became free during the pause pass to the line. A drop that is not
 * paused stays as it is.
 * Errors: DROP_NOT_FOUND, DROP_CLOSED.
 */
export function resumeDrop(findStock: FindStock): Command<OfDrop, DropView> {
  return command<OfDrop, DropView>({
    name: "resume drop",
    prepare: (input) => prepare(findStock, input),
    needs: (input) => [...dropNeeds(input), ...lineNeeds(input)],

    decide(uow, input) {
      const drop = getDrop(uow, input.dropId);
      if (drop.closedAt !== null) refuse("DROP_CLOSED", { dropId: drop.id, reason: "CLOSED" });
      if (drop.pausedAt === null) return viewDrop(uow, input);
      const resumed = { ...drop, pausedAt: null, pausedMs: drop.pausedMs + (uow.now - drop.pausedAt) };
      uow.put(drops, drop.id, resumed);
      uow.append(movedOrders, { dropId: drop.id, ms: resumed.pausedMs - drop.pausedMs });
      for (const { variantId, units } of input.stock ?? []) {
        // More became free since the line was read.
        if ((uow.find(variants, variantId)?.stock ?? 0) > units) throw new NeedsChanged();
        passUnits(uow, resumed, variantId);
      }
      return viewDrop(uow, input);
    },
  });
}

function lineNeeds({ dropId, stock = [] }: OfDrop): Need[] {
  return stock.map(({ variantId, units }) => need(lines, lineKey(dropId, variantId), units));
}

/**
 * Closes a drop for good: holds lapse, and waiting entries are lost. Orders that were placed go on. A closed drop stays as it is.
 * Errors: DROP_NOT_FOUND.
 */
export function closeDrop(findStock: FindStock): Command<OfDrop, DropView> {
  return command<OfDrop, DropView>({
    name: "close drop",
    prepare: (input) => prepare(findStock, input),
    needs: (input) => [...dropNeeds(input), need(holds, input.dropId)],

    decide(uow, input) {
      const drop = getDrop(uow, input.dropId);
      if (drop.closedAt === null) endDrop(uow, drop, input.stock ?? []);
      return viewDrop(uow, input);
    },
  });
}

function endDrop(uow: UnitOfWork, drop: Drop, stock: Required<OfDrop>["stock"]): void {
  // The job that tells of it may not have looked yet.
  const isNews = drop.soldOutAt === null && uow.now >= drop.opensAt && !isOver(drop, uow.now) && isSoldOut(uow, stock);
  const soldOutAt = isNews ? uow.now : drop.soldOutAt;
  const pausedMs = drop.pausedMs + (drop.pausedAt === null ? 0 : uow.now - drop.pausedAt);
  const closed = { ...drop, closedAt: uow.now, pausedAt: null, pausedMs, soldOutAt, firstSoldOutAt: drop.firstSoldOutAt ?? soldOutAt };
  if (isNews) announceDrop(uow, closed, "drop.sold-out", { soldOutAt: uow.now });
  uow.put(drops, drop.id, closed);
  for (const read of uow.find(holds, drop.id) ?? []) {
    const holder = uow.peek(people, personKey(drop.id, read.person)) ?? read;
    if (holder.entry?.status !== "HELD") continue;
    if (!uow.holds(variants, holder.entry.variantId)) throw new NeedsChanged();
    endEntry(uow, closed, holder, holder.entry, "LAPSED");
  }
  if (drop.closingTold !== true) announceDrop(uow, closed, "drop.closed", { closedAt: uow.now });
}

/**
 * Sells the rest of a closed drop like any other product.
 * Errors: DROP_NOT_FOUND, DROP_EXISTS while the drop is not closed.
 */
export function releaseDrop(findStock: FindStock): Command<OfDrop, DropView> {
  return command<OfDrop, DropView>({
    name: "release drop",
    prepare: (input) => prepare(findStock, input),
    needs: (input) => [...dropNeeds(input), need(holds, input.dropId)],

    decide(uow, input) {
      const drop = getDrop(uow, input.dropId);
      if (dropStatus(drop, 0, uow.now) !== "CLOSED") refuse("DROP_EXISTS", { dropId: drop.id, productId: drop.productId });
      if (drop.closedAt === null) endDrop(uow, drop, input.stock ?? []);
      const released = getDrop(uow, input.dropId);
      if (released.releasedAt === null) uow.put(drops, drop.id, { ...released, releasedAt: uow.now });
      const product = uow.find(products, drop.productId);
      if (product?.dropId === drop.id) uow.put(products, product.id, { ...product, dropId: null });
      return viewDrop(uow, input);
    },
  });
}
