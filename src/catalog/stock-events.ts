// Events of variants whose last free unit goes, or of which units are free again.

import { iso } from "../database/statement.ts";
import { EVENT_COLUMNS, type ShopEvent } from "../events/shop-events.ts";
import { newId } from "../ids.ts";
import type { Change, Changes, Journal } from "../till/table.ts";
import { variants } from "./catalog.sql.ts";
import type { Variant } from "./catalog.ts";

/**
 * The outbox of events of variants, at most one of a variant in a round. The lock of the variant
 * keeps the numbers apart. Variants of rehearsals are left out.
 */
const stockEvents: Journal<ShopEvent> = {
  name: "stock events",
  append: (rows) => ({
    name: "insert stock events",
    text: `INSERT INTO shop_events (subject, seq, id, type, data, created_at)
           SELECT v.subject, 1 + coalesce((SELECT e.seq FROM shop_events e WHERE e.subject = v.subject ORDER BY e.seq DESC LIMIT 1), 0),
             v.id, v.type, v.data, v.at
           FROM ${EVENT_COLUMNS.unnest} v(${EVENT_COLUMNS.names})
           JOIN variants s ON s.id = v.subject JOIN products p ON p.id = s.product_id
           WHERE p.rehearsal_id IS NULL`,
    values: EVENT_COLUMNS.arrays(rows),
  }),
};

/**
 * Returns how a round's stock events are added to its changes; undefined if sinks are told of none.
 * Only the stock before and after the round counts: units that go to the next in line are never free.
 */
export function stockEventsOf(isSent: (type: string) => boolean): ((changes: Changes, now: number) => void) | undefined {
  if (!isSent("stock.sold-out") && !isSent("stock.back")) return undefined;
  return ({ tables, journals }, now) => {
    const changes = (tables.get(variants) ?? []) as Change<Variant>[];
    const events = changes.flatMap((change) => eventOf(change, now) ?? []).filter(({ type }) => isSent(type));
    if (events.length > 0) journals.set(stockEvents, events);
  };
}

function eventOf({ before, after }: Change<Variant>, now: number): ShopEvent | undefined {
  if (before === undefined || (before.stock === 0) === (after.stock === 0)) return undefined;
  const { id, productId, sku, stock } = after;
  const type = stock === 0 ? "stock.sold-out" : "stock.back";
  return { id: newId(now), subject: id, type, data: { productId, variantId: id, sku, stock, at: iso(now) }, at: now };
}

/** Whether a round added events that the relay has to deliver. */
export function addsStockEvents({ journals }: Changes): boolean {
  return journals.has(stockEvents);
}
