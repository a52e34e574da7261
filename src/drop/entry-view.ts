// An entry as the API returns it.

import Type from "typebox";
import { isoOrNull } from "../database/statement.ts";
import { Id, Instant, Nullable, OneOf } from "../http/schemas.ts";
import { type Drop, type Entry, ENTRY_STATUSES, entryStatus, heldUntil, isDrawn, placeOf } from "./drop.ts";

export type EntryView = ReturnType<typeof entryView>;

type ShownEntry = Pick<Entry, "id" | "number" | "variantId" | "quantity" | "status" | "heldUntil" | "rank">;

/**
 * @param called the place before the first waiting entry's, or an earlier one
 * @param now determines the status, in ms
 */
export function entryView(drop: Drop, entry: ShownEntry, called: number, now: number) {
  const { id, number, variantId, quantity } = entry;
  // Ranks are written before the draw is public.
  const rank = isDrawn(drop) ? entry.rank : null;
  const status = entryStatus(drop, entry, now);
  return {
    entryId: id,
    dropId: drop.id,
    number,
    rank,
    variantId,
    quantity,
    status,
    ahead: status === "WAITING" ? Math.max(0, placeOf({ rank, number }) - called - 1) : 0,
    heldUntil: status === "HELD" || status === "ORDERED" ? isoOrNull(heldUntil(drop, entry)) : null,
  };
}

export const entryFields = {
  entryId: Id(),
  dropId: Id(),
  number: Type.Integer({ description: "1, 2, 3 … in the order of arrival" }),
  rank: Nullable(Type.Integer({ description: "The place in the drawn order, after a draw" })),
  variantId: Id(),
  quantity: Type.Integer(),
  status: OneOf(ENTRY_STATUSES),
  ahead: Type.Integer({ description: "At most so many entries come before this one; 0 unless it waits" }),
  heldUntil: Nullable(Instant()),
};
