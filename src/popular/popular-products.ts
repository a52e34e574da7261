import { saleStatus } from "../catalog/catalog.ts";
import type { Database } from "../database/pool.ts";
import { isoOrNull } from "../database/statement.ts";
import { addDays, dayOf } from "./day.ts";
import { type PopularRecord, selectAggregatedAt, selectPopular } from "./popular.sql.ts";

export type PopularProduct = {
  rank: number;
  productId: string;
  name: string;
  price: number;
  status: ReturnType<typeof saleStatus>;
  totalSales: number;
  imageUrl: string | null;
};

/** `from` and `to` are dates, included. Sales after `aggregatedAt` do not count yet. */
export type PopularProducts = { popularProducts: PopularProduct[]; from: string; to: string; aggregatedAt: string | null };

const PRODUCTS_MAX = 5;
const MESSAGES = { ko: "통계 데이터가 없습니다", en: "There are no popular products yet" };

/**
 * The five best-selling products of today and the two days before, by units, then by id. Products
 * that are not for sale are skipped, because shoppers cannot buy them and no other list shows them.
 * Sold-out products are included, because they may return.
 */
export async function findPopularProducts(database: Database, timezone: string, now: number): Promise<PopularProducts> {
  const to = dayOf(now, timezone);
  const from = addDays(to, -2);
  // Read before the sales, so that `aggregatedAt` can be too early but never too late.
  const [checkpoint] = await database.rows<{ at: number | null }>(selectAggregatedAt());
  const rows = await database.rows<PopularRecord>(selectPopular(from, to, PRODUCTS_MAX));
  return {
    popularProducts: rows.map(({ productId, name, price, status, stock, totalSales, imageUrl }, i) => ({
      rank: i + 1,
      productId,
      name,
      price,
      status: saleStatus(status, stock),
      totalSales,
      imageUrl,
    })),
    from,
    to,
    aggregatedAt: isoOrNull(checkpoint?.at ?? null),
  };
}

/** The response body. An empty list has a message in the reader's language. */
export function popularAnswer(list: PopularProducts, locale: "ko" | "en"): PopularProducts & { message?: string } {
  return list.popularProducts.length === 0 ? { ...list, message: MESSAGES[locale] } : list;
}
