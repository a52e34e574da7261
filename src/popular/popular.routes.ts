import Type from "typebox";
import type { Routes } from "../http/route.ts";
import { Day, Id, Instant, Money, Nullable, OneOf, Query } from "../http/schemas.ts";
import type { Cache } from "../cache/cache.ts";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import type { Now } from "../database/clock.ts";
import { findPopularProducts, popularAnswer } from "./popular-products.ts";
import { listSales, listSalesByDay } from "./sales.ts";

/** The cache group of the popular products: dropped whenever sales have been added up, or a product looks another way than before. */
export const POPULAR = "popular";
const HOUR_MS = 3_600_000;
const TEN_MINUTES_MS = 600_000;

export type PopularRoutesOptions = { config: Pick<Config, "timezone">; database: Database; now: Now; lists: Database; cache: Cache };

export function popularRoutes(routes: Routes, { config, database, now, lists, cache }: PopularRoutesOptions): void {
  routes.shared(
    {
      method: "GET",
      path: "/products/popular",
      operationId: "listPopularProducts",
      audience: "anyone",
      tag: "Catalogue",
      summary: "The five best-selling products of today and the two days before",
      description:
        "As of the last aggregation, ties by product id. Cached for an hour, an empty list for ten minutes, and dropped from the cache when a product is edited, sells out or is there again.",
      answers: {
        200: Type.Object({
          popularProducts: Type.Array(
            Type.Object({
              rank: Type.Integer(),
              productId: Id(),
              name: Type.String(),
              price: Money(),
              status: OneOf(["ON_SALE", "SOLD_OUT", "NOT_FOR_SALE"]),
              totalSales: Type.Integer({ description: "Units" }),
            }),
            { maxItems: 5 },
          ),
          from: Day("The first day that counts, in the shop's zone"),
          to: Day("The last"),
          aggregatedAt: Nullable(Instant()),
          message: Type.Optional(Type.String({ description: "Only where the list is empty" })),
        }),
      },
    },
    cache,
    POPULAR,
    async ({ locale }) => {
      const list = await findPopularProducts(database, config.timezone, now());
      return { body: popularAnswer(list, locale), ttlMs: list.popularProducts.length === 0 ? TEN_MINUTES_MS : HOUR_MS };
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/sales",
      operationId: "listSales",
      audience: "operator",
      tag: "Sales",
      summary: "What was sold, by product, most units first",
      description:
        "As of the last aggregation. An order counts on the day on which it was completed, less what of it has been refunded since; revenue is unit price × units before discounts.",
      query: Query({
        from: Type.Optional(Day("In the shop's zone, included")),
        to: Type.Optional(Day("In the shop's zone, included")),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 100 })),
      }),
      answers: {
        200: Type.Object({ sales: Type.Array(Type.Object({ productId: Id(), name: Type.String(), units: Type.Integer(), revenue: Money() })) }),
      },
    },
    ({ query: { from = null, to = null, limit = 100 } }) => listSales(lists, { from, to, limit }),
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/sales/days",
      operationId: "listSalesByDay",
      audience: "operator",
      tag: "Sales",
      summary: "What was sold, day by day, oldest first",
      description: "As of the last aggregation, counted as `GET /admin/sales` does. Days on which nothing remains sold are left out.",
      query: Query({
        from: Type.Optional(Day("In the shop's zone, included")),
        to: Type.Optional(Day("In the shop's zone, included")),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: "The last so many days" })),
      }),
      answers: {
        200: Type.Object({ days: Type.Array(Type.Object({ day: Day("In the shop's zone"), units: Type.Integer(), revenue: Money() })) }),
      },
    },
    ({ query: { from = null, to = null, limit = 100 } }) => listSalesByDay(lists, { from, to, limit }),
  );
}
