import type { Database } from "../database/pool.ts";
import { type SalesDay, type SalesRecord, selectSales, selectSalesByDay } from "./popular.sql.ts";

/** Dates in the shop's time zone, both included; null leaves that end open. */
export type ListSales = { from: string | null; to: string | null; limit: number };

/**
 * Sales less refunds by product, as of the last aggregation, most units first, then by id. Revenue
 * is unit price × units before discounts. Products whose units were all refunded are omitted.
 */
export async function listSales(database: Database, { from, to, limit }: ListSales): Promise<{ sales: SalesRecord[] }> {
  return { sales: await database.rows<SalesRecord>(selectSales(from, to, limit)) };
}

/** Sales less refunds by day, oldest first: the last `limit` days with sales. */
export async function listSalesByDay(database: Database, { from, to, limit }: ListSales): Promise<{ days: SalesDay[] }> {
  return { days: await database.rows<SalesDay>(selectSalesByDay(from, to, limit)) };
}
