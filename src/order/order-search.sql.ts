// The operators' search of orders.

import { isoOrNull, LAST_ID, likePattern, type Statement } from "../database/statement.ts";
import type { OrderNumbers } from "./order-number.ts";
import { NUMBER_BITS } from "./order-numbers.sql.ts";
import { FIRST_ITEMS, ITEMS, LISTED } from "./order.sql.ts";

/** `from` and `completedFrom` are included, `to` and `completedTo` are not (ms). Null: any. */
export type OrderFilter = {
  userId: string | null;
  status: string | null;
  fulfilmentStatus: string | null;
  productId: string | null;
  /** Ranges of numbers; undefined for a text that is no number, which finds no order. */
  orderNumber: OrderNumbers | null | undefined;
  /** Part of the buyer's name, or the beginning of an external id; `numbers`: of an order number. */
  search: { text: string; numbers: OrderNumbers | undefined } | null;
  from: number | null;
  to: number | null;
  completedFrom: number | null;
  completedTo: number | null;
  /** Includes the orders of rehearsals' buyers. */
  rehearsals: boolean;
};

/**
 * Orders before this id, newest first, with their first line items and their buyers.
 * @param before null for the first page
 */
export function selectOrderPage(filter: OrderFilter, before: string | null, limit: number): Statement {
  const values: unknown[] = [before ?? LAST_ID, limit];
  const where = ["o.id < $1::uuid"];
  // A letter for each filter: PostgreSQL truncates names after 63 bytes.
  let name = "select order page ";
  const add = (letter: string, condition: string, ...parameters: unknown[]): void => {
    name += letter;
    where.push(condition.replaceAll(/\?(\d)/g, (_, i: string) => `$${values.length + Number(i)}`));
    values.push(...parameters);
  };
  if (filter.rehearsals) name += "r";
  else where.push("NOT EXISTS (SELECT FROM users u WHERE u.id = o.user_id AND u.rehearsal_id IS NOT NULL)");
  for (const [letter, value, condition] of [
    ["u", filter.userId, "o.user_id = ?1"],
    ["s", filter.status, "o.status = ?1"],
    ["p", filter.productId, `${ITEMS} @> jsonb_build_array(jsonb_build_object('productId', ?1::text))`],
    ["f", isoOrNull(filter.from), "o.created_at >= ?1"],
    ["t", isoOrNull(filter.to), "o.created_at < ?1"],
    ["F", isoOrNull(filter.completedFrom), "o.completed_at >= ?1"],
    ["T", isoOrNull(filter.completedTo), "o.completed_at < ?1"],
  ] as const)
    if (value !== null) add(letter, condition, value);
  if (filter.fulfilmentStatus === "NONE") add("N", "o.fulfilment_status IS NULL");
  else if (filter.fulfilmentStatus !== null) add("n", "o.fulfilment_status = ?1", filter.fulfilmentStatus);
  if (filter.orderNumber === undefined) add("O", "false");
  else if (filter.orderNumber !== null) add("o", IN_NUMBERS, ...numberValues(filter.orderNumber));
  if (filter.search !== null) addSearch(add, filter.search);
  // Selects the page before it looks at line items and payments, so that no plan reads those of
  // other orders.
  return {
    name,
    text: `SELECT ${LISTED}, ${BUYER} FROM (SELECT * FROM orders o WHERE ${where.join(" AND ")} ORDER BY o.id DESC LIMIT $2) o ${FIRST_ITEMS} ORDER BY o.id DESC`,
    values,
  };
}

const BUYER = `(SELECT json_build_object('id', u.id, 'name', u.name, 'externalId', u.external_id) FROM users u WHERE u.id = o.user_id) AS buyer`;
const IN_NUMBERS = `(o.id >= ?1::uuid AND o.id < ?2::uuid AND ${NUMBER_BITS} COLLATE "C" BETWEEN ?3 AND ?4)`;

function numberValues({ fromId, toId, fromBits, toBits }: OrderNumbers): string[] {
  return [fromId, toId, fromBits, toBits];
}

function addSearch(
  add: (letter: string, condition: string, ...parameters: unknown[]) => void,
  { text, numbers }: NonNullable<OrderFilter["search"]>,
): void {
  const byText = `(starts_with(o.external_id, ?1) OR EXISTS (SELECT FROM users u WHERE u.id = o.user_id AND (u.name ILIKE ?2 OR starts_with(u.external_id, ?1))))`;
  if (numbers === undefined) return add("q", byText, text, likePattern(text));
  const inNumbers = IN_NUMBERS.replaceAll(/\?(\d)/g, (_, i: string) => `?${Number(i) + 2}`);
  add("Q", `(${byText} OR ${inNumbers})`, text, likePattern(text), ...numberValues(numbers));
}
