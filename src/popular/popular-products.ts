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
};

/** `from` and `to` are days, both included; `aggregatedAt` is when sales were last added up: later ones are not in yet. */
export type PopularProducts = { popularProducts: PopularProduct[]; from: string; to: string; aggregatedAt: string | null };

const MOST = 5;
const MESSAGES = { ko: "통계 데이터가 없습니다", en: "There are no popular products yet" };

/**
 * The five best-selling products of today and the two days before, by units, then by id. What is not for sale is left out, and makes
 * room for the next: a shopper could not buy it, and no other list shows it. What is sold out stays: it may come back.
 */
export async function findPopularProducts(database: Database, timezone: string, now: number): Promise<PopularProducts> {
  const to = dayOf(now, timezone);
  const from = addDays(to, -2);
  // Read before the sales: the time may then be too early, never too late.
  const [checkpoint] = await database.rows<{ at: number | null }>(selectAggregatedAt());
  const rows = await database.rows<PopularRecord>(selectPopular(from, to, MOST));
  return {
    popularProducts: rows.map(({ productId, name, price, status, stock, totalSales }, i) => ({
      rank: i + 1,
      productId,
      name,
      price,
      status: saleStatus(status, stock),
      totalSales,
    })),
    from,
    to,
    aggregatedAt: isoOrNull(checkpoint?.at ?? null),
  };
}

/** The list as it is answered: an empty one says so, in the reader's language. */
export function popularAnswer(list: PopularProducts, locale: "ko" | "en"): PopularProducts & { message?: string } {
  return list.popularProducts.length === 0 ? { ...list, message: MESSAGES[locale] } : list;
}
