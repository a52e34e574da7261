// Data of events that are not of an order, with the names by which other systems know their user and their order.

import type { Database } from "../database/pool.ts";
import { arrayOf, type Statement } from "../database/statement.ts";
import type { ShopEventData } from "../events/shop-events.ts";
import { orderNumberOf } from "../order/order-number.ts";
import type { ShopOutboxEvent } from "./event.ts";

/** The data of events as it is sent: with `userExternalId` as of now, and of payments with `orderNumber`. Errors: the database's. */
export async function shopEventData(
  database: Database,
  events: ShopOutboxEvent[],
  timezone: string,
): Promise<(event: ShopOutboxEvent) => ShopEventData> {
  const users = await found(database, selectExternalIds, events.flatMap(userOf));
  const orders = await found(database, selectPlacedAt, events.flatMap(orderOf));
  return (event) => {
    const [userId] = userOf(event);
    const [orderId] = orderOf(event);
    const placedAt = orderId === undefined ? undefined : (orders.get(orderId) as number | undefined);
    return {
      ...event.data,
      ...(userId === undefined ? {} : { userExternalId: users.get(userId) ?? null }),
      ...(event.type.startsWith("payment.")
        ? { orderNumber: orderId !== undefined && placedAt !== undefined ? orderNumberOf(orderId, placedAt, timezone) : null }
        : {}),
    };
  };
}

/** The user of `user.erased` has no name elsewhere any more. */
function userOf({ type, data: { userId } }: ShopOutboxEvent): string[] {
  return type !== "user.erased" && typeof userId === "string" ? [userId] : [];
}

function orderOf({ type, data: { orderId } }: ShopOutboxEvent): string[] {
  return type.startsWith("payment.") && typeof orderId === "string" ? [orderId] : [];
}

async function found(database: Database, select: (ids: string[]) => Statement, ids: string[]): Promise<ReadonlyMap<string, unknown>> {
  const rows = ids.length === 0 ? [] : await database.rows<{ id: string; value: unknown }>(select([...new Set(ids)]));
  return new Map(rows.map(({ id, value }) => [id, value]));
}

function selectExternalIds(ids: string[]): Statement {
  return {
    name: "select external ids",
    text: "SELECT id, external_id AS value FROM users WHERE id = ANY($1::uuid[])",
    values: [arrayOf(ids, (id) => id)],
  };
}

function selectPlacedAt(ids: string[]): Statement {
  return {
    name: "select when orders were placed",
    text: "SELECT id, created_at AS value FROM orders WHERE id = ANY($1::uuid[])",
    values: [arrayOf(ids, (id) => id)],
  };
}
