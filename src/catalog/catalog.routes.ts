// The catalog as shoppers and visitors see it.

import Type, { type Static } from "typebox";
import { mayMeet } from "../balance/rehearsal-buyers.ts";
import type { Cache } from "../cache/cache.ts";
import { BatchedRead } from "../database/batched-read.ts";
import type { Database } from "../database/pool.ts";
import { PagedList } from "../http/pages.ts";
import { isReader } from "../http/permissions.ts";
import type { Routes } from "../http/route.ts";
import { Id, OneOf, page, Query, Search, Text } from "../http/schemas.ts";
import { Utf8 } from "../http/utf8.ts";
import { refuse } from "../refusal.ts";
import { ProductListSchema, ProductSchema } from "./catalog.schemas.ts";
import { saleStatus } from "./catalog.ts";
import { type ProductListItem, type ProductSort, selectProductPage } from "./product-list.sql.ts";
import { fullProduct, type FullProductRow, selectProducts } from "./read-catalog.sql.ts";
import { productView, shopperView } from "./product-view.ts";

/** The cache group of all lists that show products with their stock. */
export const PRODUCT_LISTS = "products";
const LIST_TTL_MS = 5 * 60_000;
const NO_PRODUCTS = { ko: "등록된 상품이 없습니다", en: "There are no products yet" };

const ListQuery = Query({
  ...page,
  q: Search("Searches names, the values of options, and SKUs: every word must occur"),
  sort: Type.Optional(OneOf(["newest", "price", "-price", "name"], "The order of the list; `-price` is the most expensive first")),
  includeSoldOut: Type.Optional(Type.Boolean({ default: true, description: "Whether sold-out products are listed" })),
  tag: Type.Optional(Text(100, "Only products with this tag")),
});

/** Each sort is a list of its own, because a place in one sort means nothing in another. */
const PRODUCTS_BY: Record<ProductSort, PagedList<(string | number)[]>> = {
  newest: new PagedList("products newest", ["id"]),
  price: new PagedList("products price", ["number", "id"]),
  "-price": new PagedList("products -price", ["number", "id"]),
  name: new PagedList("products name", ["text", "id"]),
};

export function catalogRoutes(routes: Routes, { database, cache }: { database: Database; cache: Cache }): void {
  const products = productReader(database);

  routes.shared(
    {
      method: "GET",
      path: "/products",
      operationId: "listProducts",
      audience: "anyone",
      revalidated: true,
      tag: "Catalog",
      summary: "Products for sale",
      description: "Cached for up to five minutes. Every change of a product or of its stock removes it from the cache.",
      query: ListQuery,
      answers: { 200: ProductListSchema },
      shape: ({ query }) => PRODUCTS_BY[query.sort ?? "newest"].checkCursor({ query }),
    },
    cache,
    PRODUCT_LISTS,
    async ({ query, locale }) => ({ body: await listProducts(database, query, locale), ttlMs: LIST_TTL_MS }),
  );

  routes.read(
    {
      method: "GET",
      path: "/products/{productId}",
      operationId: "getProduct",
      audience: "anyone",
      tag: "Catalog",
      summary: "One product, with its stock as committed",
      description:
        "Needs no token. With an operator's token it shows `externalId`, `version` and the variants' `metadata`, and price and description also while the product is not for sale.",
      optionalToken: true,
      params: Type.Object({ productId: Id() }),
      answers: { 200: ProductSchema },
      faults: { "params/productId": "INVALID_PRODUCT_ID" },
      refusals: ["PRODUCT_NOT_FOUND"],
    },
    async ({ params: { productId }, caller }) => {
      const product = await products.get(productId);
      const isVisible = product && (product.rehearsalId === null || (await mayMeet(database, caller, product)));
      if (!isVisible) refuse("PRODUCT_NOT_FOUND", { productId });
      return isReader(caller, "catalog") ? product.forOperators : product.forShoppers;
    },
  );
}

/** Products by id. The shoppers' view is serialized once for all requests that wait for it. */
function productReader(database: Database) {
  return new BatchedRead(async (ids) => {
    const rows = await database.rows<FullProductRow>(selectProducts(ids));
    return new Map(
      rows.map((row) => {
        const view = productView(fullProduct(row));
        return [row.id, { rehearsalId: row.rehearsalId ?? null, forOperators: view, forShoppers: new Utf8(JSON.stringify(shopperView(view))) }];
      }),
    );
  });
}

async function listProducts(database: Database, query: Static<typeof ListQuery>, locale: "ko" | "en") {
  const { q = "", sort = "newest", includeSoldOut = true, tag = null } = query;
  const { rows, nextCursor } = await PRODUCTS_BY[sort].read(
    query,
    (after, limit) => database.rows<ProductListItem>(selectProductPage({ sort, search: q, includeSoldOut, tag, after, limit })),
    ({ id, name, price }) => (sort === "newest" ? [id] : [sort === "name" ? name : price, id]),
  );
  const products = rows.map(({ imageUrl, tags, dropId, ...row }) => ({ ...row, status: saleStatus("ON_SALE", row.stock), imageUrl, tags, dropId }));
  return { products, nextCursor, ...(products.length === 0 ? { message: NO_PRODUCTS[locale] } : {}) };
}
