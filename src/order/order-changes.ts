import type { Changes } from "../till/table.ts";
import { orders } from "./order.sql.ts";

/** Whether a round wrote events of orders, which the relay should deliver. */
export function addsOrderEvents({ tables }: Changes): boolean {
  return tables.has(orders);
}
