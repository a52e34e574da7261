import type { Changes } from "../till/table.ts";
import { orderEvents } from "./order.sql.ts";

/** Whether a round wrote events of orders, which the relay should deliver. */
export function addsOrderEvents({ journals }: Changes): boolean {
  return journals.has(orderEvents);
}
