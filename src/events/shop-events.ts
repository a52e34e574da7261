// Events that are not of an order. Commands append them; the relay (src/outbox) delivers them.

import { columns } from "../database/statement.ts";
import type { Changes, Journal } from "../till/table.ts";

/** The first part of a type names the kind of subject. */
export type ShopEventType =
  | `drop.${"opened" | "sold-out" | "closed" | "drawn"}`
  | `entry.${"held" | "lapsed"}`
  | `payment.${"unknown" | "declined"}`
  | `stock.${"sold-out" | "back"}`
  | "coupon.issued"
  | "user.erased";

export type ShopEventData = Readonly<Record<string, unknown>>;

/**
 * `id` is the event's own (`uow.newId()`), `subject` the id of the drop, entry, coupon or other thing
 * that the event is about. `data` becomes the delivered event's data, with the user's id in other systems. `at` in ms.
 */
export type ShopEvent = { id: string; subject: string; type: ShopEventType; data: ShopEventData; at: number };

export const EVENT_COLUMNS = columns({ subject: "uuid", id: "uuid", type: "text", data: "jsonb", at: "timestamptz" });

/**
 * The outbox of events that are not of an order, written in the transaction of their cause.
 *
 * The statement numbers the events of a subject. So a command may append an event only if its needs
 * lock the subject's row or it inserts the subject; otherwise two transactions could take the same
 * number, and the key would reject one of them. Commands append no events of rehearsals: sinks are
 * never told of these.
 */
export const shopEvents: Journal<ShopEvent> = {
  name: "shop events",
  append: (rows) => ({
    name: "insert shop events",
    text: `INSERT INTO shop_events (subject, seq, id, type, data, created_at)
           SELECT v.subject, row_number() OVER (PARTITION BY v.subject ORDER BY v.place)
               + coalesce((SELECT p.seq FROM shop_events p WHERE p.subject = v.subject ORDER BY p.seq DESC LIMIT 1), 0), v.id, v.type, v.data, v.at
           FROM ROWS FROM (${EVENT_COLUMNS.unnest}) WITH ORDINALITY v(${EVENT_COLUMNS.names}, place)`,
    values: EVENT_COLUMNS.arrays(rows),
  }),
};

/** Whether a round added events that the relay has to deliver. */
export function addsShopEvents({ journals }: Changes): boolean {
  return journals.has(shopEvents);
}
