// Reads the next events of the outbox that a pass delivers.

import type { Database } from "../database/pool.ts";
import type { OutboxEvent } from "./event.ts";
import { type OrderRow, selectDue, selectOrderRows, selectOrdersOfTransaction, selectReadable } from "./outbox.sql.ts";

/** Events per batch. A batch may be larger by the rest of its last transaction. */
const BATCH_SIZE = 1000;

export type Batch = {
  /** The orders and other subjects of the batch. */
  subjects: string[];
  /** Its last transaction. */
  upper: string;
  /** In the order of delivery, without those of rehearsals. */
  events: OutboxEvent[];
  /** Orders that were read on the way, by id. */
  orders: ReadonlyMap<string, OrderRow>;
};

/** The whole transactions after `position`; undefined if nothing waits. Errors: the database's. */
export async function readBatch(database: Database, position: string): Promise<Batch | undefined> {
  const found = await database.rows<{ orderId: string; xid: string }>(selectReadable(position, BATCH_SIZE));
  const upper = found.at(-1)?.xid;
  if (upper === undefined) return undefined;
  // The limit may have cut the last transaction in two.
  const rest = found.length < BATCH_SIZE ? [] : await database.rows<{ orderId: string }>(selectOrdersOfTransaction(upper));
  const subjects = [...new Set([...found, ...rest].map((event) => event.orderId))];
  return { subjects, upper, ...(await dueEvents(database, subjects, position, upper)) };
}

/**
 * Nearly all events are the only ones of their orders, and are made from the order's row. Those of all other subjects are looked up,
 * and delivered after them.
 */
async function dueEvents(database: Database, subjects: string[], position: string, upper: string): Promise<Pick<Batch, "events" | "orders">> {
  const rows = await database.rows<OrderRow>(selectOrderRows(subjects));
  const orders = new Map(rows.map((order) => [order.orderId, order]));
  const events: OutboxEvent[] = [];
  const others: string[] = [];
  for (const id of subjects) {
    const order = orders.get(id);
    if (!order?.hasOneEvent) others.push(id);
    else if (!order.isRehearsal) events.push(onlyEventOf(order));
  }
  if (others.length > 0) events.push(...(await database.rows<OutboxEvent>(selectDue(others, position, upper))));
  return { events, orders };
}

function onlyEventOf({ orderId, expiresAt, createdAt }: OrderRow): OutboxEvent {
  return { id: null, orderId, seq: 1, type: expiresAt === null ? "order.completed" : "order.placed", data: null, at: createdAt };
}
