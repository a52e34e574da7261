import type { Database } from "../database/pool.ts";
import { type SalesDay, type SalesRecord, selectSales, selectSalesByDay } from "./popular.sql.ts";

/** Days (YYYY-MM-DD, the shop's), both included; null is open. */
export type ListSales = { from: string | null; to: string | null; limit: number };

/**
 * What was sold, by product, most units first, then by id: as of the last aggregation, less what has been refunded by then.
 * Revenue is unit price × units before discounts. Products of which nothing remains sold are not in it.
 */
export async function listSales(database: Database, { from, to, limit }: ListSales): Promise<{ sales: SalesRecord[] }> {
  return { sales: await database.rows<SalesRecord>(selectSales(from, to, limit)) };
}

/** The same added up by day, oldest first; the last `limit` days on which something was sold. */
export async function listSalesByDay(database: Database, { from, to, limit }: ListSales): Promise<{ days: SalesDay[] }> {
  return { days: await database.rows<SalesDay>(selectSalesByDay(from, to, limit)) };
}
