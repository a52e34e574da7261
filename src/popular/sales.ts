import type { Database } from "../database/pool.ts";
import { type SalesRecord, selectSales } from "./popular.sql.ts";

/** Days (YYYY-MM-DD, the shop's), both included; null is open. */
export type ListSales = { from: string | null; to: string | null; limit: number };

/**
 * What was sold, by product, most units first, then by id: as of the last aggregation, less what has been refunded by then.
 * Revenue is unit price × units before discounts. Products of which nothing remains sold are not in it.
 */
export async function listSales(database: Database, { from, to, limit }: ListSales): Promise<{ sales: SalesRecord[] }> {
  return { sales: await database.rows<SalesRecord>(selectSales(from, to, limit)) };
}
