import { shopEvents } from "../events/shop-events.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { iso } from "../database/statement.ts";
import type { Drop } from "./drop.ts";

/** Writes an event of a drop, whose lock the command holds. Rehearsals have none. Instants among the data are in ms. */
export function announceDrop(
  uow: UnitOfWork,
  { id, name, productId, rehearsalId }: Drop,
  type: "drop.opened" | "drop.sold-out" | "drop.closed" | "drop.drawn",
  instants: Record<string, number>,
): void {
  if (rehearsalId !== null) return;
  const times = Object.fromEntries(Object.entries(instants).map(([key, at]) => [key, iso(at)]));
  uow.append(shopEvents, { id: uow.newId(), subject: id, type, data: { dropId: id, name, productId, ...times }, at: uow.now });
}
