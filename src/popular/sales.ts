import type { Database } from "../database/pool.ts";
import { isoOrNull } from "../database/statement.ts";
import { type SalesDay, type SalesRecord, selectAggregatedAt, selectSales, selectSalesByDay } from "./popular.sql.ts";

/** Dates in the shop's time zone, both included; null leaves that end open. */
export type ListSales = { from: string | null; to: string | null; limit: number };

/**
 * Sales less refunds by product, as of the last aggregation, most units first, then by id. Revenue
 * is unit price × units before discounts. Products whose units were all refunded are omitted.
 */
export async function listSales(database: Database, { from, to, limit }: ListSales): Promise<{ sales: SalesRecord[]; aggregatedAt: string | null }> {
  const aggregatedAt = await readAggregatedAt(database);
  return { sales: await database.rows<SalesRecord>(selectSales(from, to, limit)), aggregatedAt };
}

/** Read before the sales, so that it can be too early but never too late. */
async function readAggregatedAt(database: Database): Promise<string | null> {
  const [checkpoint] = await database.rows<{ at: number | null }>(selectAggregatedAt());
  return isoOrNull(checkpoint?.at ?? null);
}

/** Sales less refunds by day, oldest first: the last `limit` days with sales. */
export async function listSalesByDay(database: Database, { from, to, limit }: ListSales): Promise<{ days: SalesDay[]; aggregatedAt: string | null }> {
  const aggregatedAt = await readAggregatedAt(database);
  return { days: await database.rows<SalesDay>(selectSalesByDay(from, to, limit)), aggregatedAt };
}
