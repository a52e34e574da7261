import { BatchedRead } from "../database/batched-read.ts";
import type { Database } from "../database/pool.ts";
import type { OrderRow } from "./order-view.ts";
import { selectOrders, withItems } from "./order.sql.ts";

/** Orders have up to 2,000 line items, so a batch has few of them. */
const BATCHES = { most: 32, atOnce: 2 };

/** Reads orders by id, as committed. */
export function orderReader(database: Database): BatchedRead<OrderRow> {
  return new BatchedRead(async (ids) => new Map((await database.rows<OrderRow>(selectOrders(ids))).map((row) => [row.id, withItems(row)])), BATCHES);
}
