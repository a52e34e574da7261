import { sameRehearsal } from "../balance/balance.ts";
import { members } from "../balance/balance.sql.ts";
import { getMember } from "../balance/customer.ts";
import { getVariantForSale } from "../catalog/get-variant.ts";
import { products, variants } from "../catalog/catalog.sql.ts";
import { soleVariant } from "../catalog/sole-variant.ts";
import type { VariantCache } from "../catalog/variant-cache.ts";
import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { iso } from "../database/statement.ts";
import { type Drop, type Entry, isOver, type Person } from "./drop.ts";
import { drops } from "./drop.sql.ts";
import { type EntryView, entryView } from "./entry-view.ts";
import { lineHeads, lineKey, lines } from "./line.sql.ts";
import { people, personKey } from "./person.sql.ts";
import type { ProductDrops } from "./product-drops.ts";
import { hold, joinLine, withEntry } from "./succession.ts";

export type EnterDrop = {
  dropId: string;
  userId: string;
  /** Whom the limit counts for. */
  person: string;
  variantId?: string;
  quantity: number;
  /** Filled in by `prepare`: the drop's product and its variants. */
  productId?: string;
  variantIds?: string[];
};

/**
 * Takes an entry into a drop. In FIRST_COME it holds its units at once while there are any, else it waits in line. In a DRAW it waits
 * for the draw.
 * Errors: USER_NOT_FOUND, DROP_NOT_FOUND, PRODUCT_NOT_FOUND, DROP_NOT_OPEN, DROP_CLOSED, PRODUCT_NOT_FOR_SALE, DROP_ALREADY_ENTERED,
 * DROP_LIMIT_EXCEEDED, DROP_SOLD_OUT, STOCK_INSUFFICIENT, INVALID_REQUEST.
 */
export function enterDrop(productDrops: ProductDrops, variantCache: VariantCache): Command<EnterDrop, EntryView> {
  return command<EnterDrop, EntryView>({
    name: "enter drop",
    // In a rush, all is known. A promise for each entry would cost more than the rest of its preparation.
    prepare(input) {
      const withVariants = (productId: string | undefined): EnterDrop | Promise<EnterDrop> => {
        if (productId === undefined) return input;
        const ids = variantCache.variantsOf(productId);
        if (ids instanceof Promise) return ids.then((variantIds = []) => ({ ...input, productId, variantIds }));
        return { ...input, productId, variantIds: ids ?? [] };
      };
      const productId = input.productId ?? productDrops.productOf(input.dropId);
      return productId instanceof Promise ? productId.then(withVariants) : withVariants(productId);
    },
    needs({ dropId, userId, person, productId, variantId, variantIds = [] }) {
      const id = variantId ?? (variantIds.length === 1 ? variantIds[0] : undefined);
      return [
        need(members, userId),
        need(drops, dropId),
        need(people, personKey(dropId, person)),
        need(lineHeads, dropId),
        ...(productId === undefined ? [] : [need(products, productId)]),
        // The entry joins the line, and needs nothing of it.
        ...(id === undefined ? [] : [need(variants, id), need(lines, lineKey(dropId, id), 0)]),
      ];
    },

    decide(uow, input) {
      const { dropId, userId, person, quantity } = input;
      const user = getMember(uow, userId);
      const drop = uow.find(drops, dropId);
      if (!drop || !sameRehearsal(drop, user)) refuse("DROP_NOT_FOUND", { dropId });
      if (drop.mode === "DIRECT") invalid("/dropId", "this drop takes orders without entries");
      const product = uow.find(products, drop.productId) ?? refuse("PRODUCT_NOT_FOUND", { productId: drop.productId });
      const variantId = soleVariant(input, product, input.variantIds ?? [], "/variantId");
      checkOpen(drop, uow.now);
      const { variant } = getVariantForSale(uow, drop.productId, variantId);
      const row = uow.find(people, personKey(dropId, person)) ?? newPerson(drop, person);
      checkPerson(drop, row, quantity);
      const free = variant.stock >= quantity;
      if (drop.mode === "FIRST_COME" && !free && !drop.waitlist) refuseSoldOut(drop, variantId, quantity, variant.stock);

      // Below this line the entry is taken.
      const number = drop.number + 1;
      const entry: Entry = {
        id: uow.newId(),
        number,
        userId,
        variantId,
        quantity,
        status: "WAITING",
        heldUntil: null,
        rank: null,
        orderId: null,
        endedAt: null,
        made: { createdAt: uow.now },
      };
      uow.put(drops, dropId, { ...drop, number });
      const entered = withEntry({ ...row, units: row.units + quantity }, entry);
      if (drop.mode === "FIRST_COME" && free) return answer(uow, drop, hold(uow, drop, entered, entry));
      uow.put(people, personKey(dropId, person), entered);
      joinLine(uow, entry, entered);
      if ((uow.find(lineHeads, dropId)?.place ?? null) === null) uow.put(lineHeads, dropId, { place: number });
      return answer(uow, drop, entered);
    },
  });
}

function newPerson(drop: Drop, person: string): Person {
  return { dropId: drop.id, person, units: 0, most: drop.limitPerCustomer, entry: null, stored: false };
}

/** Whether entries, and orders without a hold, are taken now. Errors: DROP_NOT_OPEN, DROP_CLOSED. */
export function checkOpen(drop: Drop, now: number): void {
  const { id: dropId, opensAt } = drop;
  if (drop.closedAt !== null) refuse("DROP_CLOSED", { dropId, reason: "CLOSED" });
  if (now < opensAt) refuse("DROP_NOT_OPEN", { dropId, opensAt: iso(opensAt) });
  if (isOver(drop, now)) refuse("DROP_CLOSED", { dropId, reason: "CLOSED" });
  if (drop.pausedAt !== null) refuse("DROP_CLOSED", { dropId, reason: "PAUSED" });
}

/** A person has one entry, and enters again only after it lapsed or was left. Errors: DROP_ALREADY_ENTERED, DROP_LIMIT_EXCEEDED. */
function checkPerson(drop: Drop, { units, entry }: Person, quantity: number): void {
  if (entry && entry.status !== "LAPSED" && entry.status !== "LEFT") refuse("DROP_ALREADY_ENTERED", { dropId: drop.id, entryId: entry.id });
  checkLimit(drop, units, quantity);
  // The round keeps one entry per person, and that one has not been written yet.
  if (entry?.changed) throw new NeedsChanged();
}

/** @param already units that the person has. Errors: DROP_LIMIT_EXCEEDED. */
export function checkLimit({ id: dropId, limitPerCustomer: limit }: Drop, already: number, quantity: number): void {
  if (limit !== null && already + quantity > limit) refuse("DROP_LIMIT_EXCEEDED", { dropId, limit, already });
}

/** Errors: DROP_SOLD_OUT if nothing is left of the variant, else STOCK_INSUFFICIENT. */
export function refuseSoldOut({ id: dropId, productId }: Drop, variantId: string, requested: number, available: number): never {
  if (available === 0) refuse("DROP_SOLD_OUT", { dropId, productId, variantId });
  refuse("STOCK_INSUFFICIENT", { productId, variantId, requested, available });
}

function answer(uow: UnitOfWork, drop: Drop, { entry }: Person): EntryView {
  const place = uow.find(lineHeads, drop.id)?.place ?? null;
  return entryView(drop, entry as Entry, place === null ? drop.number : place - 1, uow.now);
}
