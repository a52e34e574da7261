// The columns of orders that most orders do not use. They are written by statements of their own.

import { columns, type Statement } from "../database/statement.ts";
import type { Change } from "../till/table.ts";
import type { Order } from "./order.ts";

/** Members that most orders do not have. */
export const DETAILS = `o.preparing_at AS "preparingAt", o.fulfilment, o.fulfilment_status AS "fulfilmentStatus", o.shipping_address AS "shippingAddress", o.note, o.metadata,
  o.external_id AS "externalId", o.imported`;

export const DETAIL_TYPES = {
  preparing_at: "timestamptz",
  fulfilment: "jsonb",
  fulfilment_status: "text",
  shipping_address: "jsonb",
  note: "text",
  metadata: "jsonb",
  external_id: "text",
  imported: "boolean",
} as const;
const DETAIL_MEMBERS = [
  "preparingAt",
  "fulfilment",
  "fulfilmentStatus",
  "shippingAddress",
  "note",
  "metadata",
  "externalId",
  "imported",
] as const satisfies (keyof Order)[];

export function hasDetails(order: Order): boolean {
  return DETAIL_MEMBERS.some((member) => order[member] !== null);
}

export function changesDetails({ before, after }: Change<Order>): boolean {
  return DETAIL_MEMBERS.some((member) => before?.[member] !== after[member]);
}

const WITH_DETAILS = columns({ id: "uuid", ...DETAIL_TYPES });

export function updateDetails(changes: Change<Order>[]): Statement {
  const sets = Object.keys(DETAIL_TYPES).map((column) => `${column} = v.${column}`);
  return {
    name: "update details of orders",
    text: `UPDATE orders o SET ${sets.join(", ")} FROM ${WITH_DETAILS.unnest} v(${WITH_DETAILS.names}) WHERE o.id = v.id`,
    values: WITH_DETAILS.arrays(changes.map(({ after }) => after)),
    rows: changes.length,
  };
}
