// Reads the next batch of the outbox: the events that a dispatcher's pass delivers, with the rows of their orders. The order of events and
// the transactions that may be read are explained in outbox.sql.ts.

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

type Found = { orderId: string; xid: string };

/** The whole transactions after `position`; undefined if nothing waits. Errors: the database's. */
export async function readBatch(database: Database, position: string): Promise<Batch | undefined> {
  const found = await database.rows<Found>(selectReadable(position, BATCH_SIZE));
  const upper = found.at(-1)?.xid;
  if (upper === undefined) return undefined;
  // The limit may have cut the last transaction in two.
  if (found.length === BATCH_SIZE)
    for (const { orderId } of await database.rows<{ orderId: string }>(selectOrdersOfTransaction(upper))) found.push({ orderId, xid: upper });
  const subjects = [...new Set(found.map(({ orderId }) => orderId))];
  const orders = new Map((await database.rows<OrderRow>(selectOrderRows(subjects))).map((order) => [order.orderId, order]));
  const others = subjects.filter((id) => !orders.get(id)?.hasOneEvent);
  const due = others.length === 0 ? [] : await database.rows<DueEvent>(selectDue(others, position, upper));
  return { subjects, upper, events: mergeByTransaction(onlyEvents(found, orders), due), orders };
}

/** An event, and the transaction with which it is delivered. */
type DueEvent = OutboxEvent & { due: string };

/** Nearly all events are the only ones of their orders, and are made from the order's row. */
function onlyEvents(found: Found[], orders: Batch["orders"]): DueEvent[] {
  const byOrder = new Map<string, DueEvent>();
  for (const { orderId, xid: due } of found) {
    const order = orders.get(orderId);
    if (!order?.hasOneEvent || order.isRehearsal || byOrder.has(orderId)) continue;
    const type = order.expiresAt === null ? "order.completed" : "order.placed";
    byOrder.set(orderId, { id: null, orderId, seq: 1, type, data: null, at: order.createdAt, due });
  }
  return [...byOrder.values()];
}

/** Both in the order of their transactions. */
function mergeByTransaction(events: DueEvent[], others: DueEvent[]): DueEvent[] {
  if (others.length === 0) return events;
  const merged: DueEvent[] = [];
  let next = 0;
  for (const event of events) {
    for (let other = others[next]; other !== undefined && isBefore(other.due, event.due); other = others[++next]) merged.push(other);
    merged.push(event);
  }
  return [...merged, ...others.slice(next)];
}

/** Ids of transactions as decimal text. */
function isBefore(one: string, two: string): boolean {
  return one.length === two.length ? one < two : one.length < two.length;
}
