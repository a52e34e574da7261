// Statements that find orders by number or external id.

import { arrayOf, type Statement, textArray } from "../database/statement.ts";
import type { Table } from "../till/table.ts";
import type { OrderNumbers } from "./order-number.ts";

/** The 40 bits of an order's id that its number shows, in hexadecimal. */
export const NUMBER_BITS = "(substr(o.id::text, 22, 2) || substr(o.id::text, 25, 8))";

/**
 * Orders by whole numbers; `place` counts the numbers from 1. No index holds numbers: the orders of
 * each day that occurs are read once, from the index of the primary key.
 */
export function selectOrdersByNumber(numbers: OrderNumbers[]): Statement {
  return {
    name: "select orders by number",
    text: `WITH numbers AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY n(from_id, to_id, bits, place))
           SELECT n.place::int, o.id FROM (SELECT DISTINCT from_id, to_id FROM numbers) d
           CROSS JOIN LATERAL (SELECT o.id, ${NUMBER_BITS} AS bits FROM orders o WHERE o.id >= d.from_id AND o.id < d.to_id) o
           JOIN numbers n ON n.from_id = d.from_id AND n.bits = o.bits`,
    values: [arrayOf(numbers, ({ fromId }) => fromId), arrayOf(numbers, ({ toId }) => toId), arrayOf(numbers, ({ fromBits }) => fromBits)],
  };
}

/** Ids of orders by external id. The unique index decides if two rounds insert the same one at once. */
export const orderExternalIds: Table<string> = {
  name: "external ids of orders",
  load: (externalIds) => ({
    name: "read external ids of orders",
    text: "SELECT id, external_id FROM orders WHERE external_id = ANY($1::text[])",
    values: [textArray(externalIds, (externalId) => externalId)],
  }),
  read: (row) => [row["external_id"] as string, row["id"] as string],
  save: () => [],
};
