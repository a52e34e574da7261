// Units that a drop holds for this buyer. They are not part of the stock that the shop reports, which is free for all.

import { session } from "../../session.ts";
import { readOwnEntry } from "./drop-data.ts";

type Item = { dropId: string | null; variantId: string; stock: number; status: "ON_SALE" | "SOLD_OUT" | "NOT_FOR_SALE" };

/** The items with the stock that this buyer can order. */
export async function withHeldUnits<T extends Item>(items: readonly T[], signal: AbortSignal): Promise<T[]> {
  if (session.peek() === null) return [...items];
  return Promise.all(
    items.map(async (item) => {
      const entry = item.dropId === null ? null : await readOwnEntry(item.dropId, signal);
      if (entry?.status !== "HELD" || entry.variantId !== item.variantId) return item;
      return { ...item, stock: item.stock + entry.quantity, status: item.status === "SOLD_OUT" ? "ON_SALE" : item.status };
    }),
  );
}
