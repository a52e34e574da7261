import type { Journal } from "../till/table.ts";

/**
 * Moves the end of the unpaid orders that took over holds of a drop, by the length of a pause (ms). The drop's lock protects these
 * orders; decisions read the hold's own time.
 */
export const movedOrders: Journal<{ dropId: string; ms: number }> = {
  name: "moved orders",
  append: (rows) => ({
    name: "move ends of orders",
    text: `UPDATE orders o SET expires_at = o.expires_at + m.ms * interval '1 ms' FROM unnest($1::uuid[], $2::bigint[]) m(drop_id, ms)
           JOIN drop_entries e ON e.drop_id = m.drop_id AND e.status = 'ORDERED' WHERE o.id = e.order_id AND o.status = 'PENDING'`,
    values: [`{${rows.map(({ dropId }) => dropId).join(",")}}`, `{${rows.map(({ ms }) => ms).join(",")}}`],
  }),
};
