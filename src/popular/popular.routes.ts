import Type from "typebox";
import { ImageUrl } from "../catalog/catalog.schemas.ts";
import type { Cache } from "../cache/cache.ts";
import type { Config } from "../config.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import type { Routes } from "../http/route.ts";
import { Day, Id, Instant, Money, Nullable, OneOf } from "../http/schemas.ts";
import { findPopularProducts, popularAnswer } from "./popular-products.ts";

/** The cache group of the popular products. */
export const POPULAR = "popular";
const HOUR_MS = 3_600_000;
const TEN_MINUTES_MS = 600_000;

const PopularSchema = Type.Object({
  popularProducts: Type.Array(
    Type.Object({
      rank: Type.Integer(),
      productId: Id(),
      name: Type.String(),
      price: Money(),
      status: OneOf(["ON_SALE", "SOLD_OUT", "NOT_FOR_SALE"]),
      totalSales: Type.Integer({ description: "Units" }),
      imageUrl: ImageUrl(),
    }),
    { maxItems: 5 },
  ),
  from: Day("The first day that counts, in the shop's time zone"),
  to: Day("The last day that counts"),
  aggregatedAt: Nullable(Instant()),
  message: Type.Optional(Type.String({ description: "Only if the list is empty" })),
});

export type PopularRoutesOptions = { config: Pick<Config, "timezone">; database: Database; now: Now; cache: Cache };

export function popularRoutes(routes: Routes, { config, database, now, cache }: PopularRoutesOptions): void {
  routes.shared(
    {
      method: "GET",
      path: "/products/popular",
      operationId: "listPopularProducts",
      audience: "anyone",
      revalidated: true,
      tag: "Catalog",
      summary: "The five best-selling products of today and the two days before",
      description:
        "As of the last aggregation, ties by product id. Cached for an hour, an empty list for ten minutes. Removed from the cache when a product is edited, sells out or is in stock again.",
      answers: { 200: PopularSchema },
    },
    cache,
    POPULAR,
    async ({ locale }) => {
      const list = await findPopularProducts(database, config.timezone, now());
      return { body: popularAnswer(list, locale), ttlMs: list.popularProducts.length === 0 ? TEN_MINUTES_MS : HOUR_MS };
    },
  );
}
