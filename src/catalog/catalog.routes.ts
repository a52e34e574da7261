import Type, { type Static } from "typebox";
import { iso } from "../database/statement.ts";
import { SharedRead } from "../database/shared-read.ts";
import { nextCursor, ownCursor, readCursor } from "../http/cursor.ts";
import { type Routes, submit } from "../http/route.ts";
import { Amount, Body, Either, Id, Instant, Money, NextCursor, OneOf, page, Query, Text } from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import type { Shop } from "../shop.ts";
import { adjustStock } from "./adjust-stock.ts";
import { PRICE_MAX, type Product, saleStatus, STOCK_MAX, type Variant } from "./catalog.ts";
import {
  type ProductListItem,
  type ProductSort,
  selectProductPage,
  selectProducts,
  selectStockAdjustments,
  type StockAdjustment,
} from "./catalog.sql.ts";
import { createProducts, type NewProduct, type NewVariant } from "./create-products.ts";
import { editProduct } from "./edit-product.ts";
import { productView } from "./product-view.ts";

/** The cache group of everything that shows products with their stock. */
export const PRODUCT_LISTS = "products";
const LIST_TTL_MS = 5 * 60_000;
const NO_PRODUCTS = { ko: "등록된 상품이 없습니다", en: "There are no products yet" };

const Status = OneOf(["ON_SALE", "SOLD_OUT", "NOT_FOR_SALE"]);
const VariantAnswer = Type.Object(
  {
    id: Id(),
    sku: Type.Union([Type.String(), Type.Null()]),
    name: Type.String(),
    options: Type.Record(Type.String(), Type.String()),
    price: Money(),
    stock: Type.Integer(),
    status: Status,
  },
  { title: "Variant" },
);
const ProductAnswer = Type.Object(
  {
    id: Id(),
    name: Type.String(),
    description: Type.String(),
    price: Type.Integer({ description: "The lowest of the variants', in the currency's minor unit" }),
    stock: Type.Integer({ description: "The sum of the variants'" }),
    status: Status,
    variants: Type.Array(VariantAnswer, { minItems: 1 }),
  },
  { title: "Product" },
);
const ProductInList = Type.Object(
  { id: Id(), name: Type.String(), price: Money(), stock: Type.Integer(), status: OneOf(["ON_SALE", "SOLD_OUT"]) },
  { title: "ProductInList" },
);

const ListQuery = Query({
  ...page,
  q: Type.Optional(Type.String({ maxLength: 200, description: "Searches the names" })),
  sort: Type.Optional(OneOf(["newest", "price", "-price", "name"])),
  includeSoldOut: Type.Optional(Type.Boolean({ default: true })),
});

export function catalogRoutes(routes: Routes, { database, cache, catalogFacts }: Shop): void {
  const details = new SharedRead(async (ids) => {
    const rows = await database.rows<Product & { variants: Variant[] }>(selectProducts(ids));
    // Made into JSON once, however many are waiting for it.
    return new Map(rows.map((row) => [row.id, JSON.stringify(productView(row, row.variants))]));
  });

  async function productPage({ limit = 20, cursor, q = "", sort = "newest", includeSoldOut = true }: Static<typeof ListQuery>, locale: "ko" | "en") {
    const after = productPlace({ cursor, sort });
    const rows = await database.rows<ProductListItem>(
      selectProductPage({ sort, search: q === "" ? null : q, includeSoldOut, after, limit: limit + 1 }),
    );
    const products = rows.slice(0, limit).map(({ id, name, price, stock }) => ({ id, name, price, stock, status: saleStatus("ON_SALE", stock) }));
    const next = nextCursor(rows, limit, `products ${sort}`, (row) =>
      sort === "newest" ? [row.id] : [sort === "name" ? row.name : row.price, row.id],
    );
    return { products, nextCursor: next, ...(products.length === 0 ? { message: NO_PRODUCTS[locale] } : {}) };
  }

  routes.shared(
    {
      method: "GET",
      path: "/products",
      operationId: "listProducts",
      audience: "anyone",
      tag: "Catalogue",
      summary: "Products for sale",
      description: "Cached for up to five minutes, and dropped from the cache by every change of a product or of its stock.",
      query: ListQuery,
      answers: {
        200: Type.Object({
          products: Type.Array(ProductInList),
          nextCursor: NextCursor,
          message: Type.Optional(Type.String({ description: "Only where the list is empty" })),
        }),
      },
      shape: ({ query }) => void productPlace(query),
    },
    cache,
    PRODUCT_LISTS,
    async ({ query, locale }) => ({ body: await productPage(query, locale), ttlMs: LIST_TTL_MS }),
  );

  routes.read(
    {
      method: "GET",
      path: "/products/{productId}",
      operationId: "getProduct",
      audience: "anyone",
      tag: "Catalogue",
      summary: "One product, with its stock as committed",
      params: Type.Object({ productId: Id() }),
      answers: { 200: ProductAnswer },
      faults: { "params/productId": "INVALID_PRODUCT_ID" },
      refusals: ["PRODUCT_NOT_FOUND"],
    },
    async ({ params: { productId } }) => (await details.get(productId)) ?? refuse("PRODUCT_NOT_FOUND", { productId }),
  );

  const Options = Type.Record(Type.String({ minLength: 1, maxLength: 100 }), Type.String({ maxLength: 200 }), { maxProperties: 20 });
  const facts = {
    name: Text(300),
    description: Type.Optional(Type.String({ maxLength: 10_000 })),
    status: Type.Optional(OneOf(["ON_SALE", "NOT_FOR_SALE"])),
  };
  const forSale = { price: Amount(0, PRICE_MAX), stock: Type.Integer({ minimum: 0, maximum: STOCK_MAX }) };
  const described = { sku: Type.Optional(Text(100)), name: Type.Optional(Text(300)), options: Type.Optional(Options) };
  const Several = Body({ ...facts, variants: Type.Array(Body({ ...described, ...forSale }), { minItems: 1, maxItems: 200 }) });
  type OneProduct = Omit<NewProduct, "variants"> & ({ price: number; stock: number } | { variants: NewVariant[] });
  const One = Either<OneProduct, OneProduct>("variants", Several, Body({ ...facts, ...forSale }));

  routes.write(
    {
      method: "POST",
      path: "/admin/products",
      operationId: "createProducts",
      audience: "operator",
      tag: "Catalogue",
      summary: "Create a product, or up to 1,000 in the order sent",
      description: "In bulk up to 1,000 products and 8 MiB, whichever comes first.",
      body: Either<OneProduct, { products: OneProduct[] }>("products", Body({ products: Type.Array(One, { minItems: 1, maxItems: 1000 }) }), One),
      answers: { 201: Type.Unsafe({ anyOf: [ProductAnswer, Type.Object({ products: Type.Array(ProductAnswer) })] }) },
    },
    ({ body }) => {
      const bulk = "products" in body;
      const products = (bulk ? body.products : [body]).map((product): NewProduct => {
        if ("variants" in product) return product;
        const { price, stock, ...rest } = product;
        return { ...rest, variants: [{ price, stock }] };
      });
      return submit(createProducts, { products }, 201, (made) => (bulk ? { products: made } : made[0]));
    },
  );

  routes.write(
    {
      method: "PATCH",
      path: "/admin/products/{id}",
      operationId: "editProduct",
      audience: "operator",
      tag: "Catalogue",
      summary: "Change a product",
      description: "Takes any subset. `price` only where there is one variant; stock has a call of its own.",
      params: Type.Object({ id: Id() }),
      body: Body({
        name: Type.Optional(Text(300)),
        description: facts.description,
        status: facts.status,
        price: Type.Optional(Amount(0, PRICE_MAX)),
        variants: Type.Optional(Type.Array(Body({ id: Id(), ...described, price: Type.Optional(Amount(0, PRICE_MAX)) }), { maxItems: 200 })),
      }),
      answers: { 200: ProductAnswer },
      faults: { "params/id": "INVALID_PRODUCT_ID" },
      refusals: ["PRODUCT_NOT_FOUND"],
    },
    ({ params, body: { variants, ...fields } }) =>
      submit(editProduct(catalogFacts), {
        productId: params.id,
        ...fields,
        ...(variants ? { variants: variants.map((edit) => ({ ...edit, id: edit.id.toLowerCase() })) } : {}),
      }),
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/variants/{id}/stock",
      operationId: "adjustStock",
      audience: "operator",
      tag: "Catalogue",
      summary: "Add to a variant's stock, or take from it",
      params: Type.Object({ id: Id() }),
      body: Body({
        delta: Type.Integer({ minimum: -STOCK_MAX, maximum: STOCK_MAX, not: { const: 0 }, description: "Pieces; never 0" }),
        reason: Text(500),
      }),
      answers: { 200: Type.Object({ variantId: Id(), stock: Type.Integer() }) },
      refusals: ["PRODUCT_NOT_FOUND", "STOCK_INSUFFICIENT"],
    },
    ({ params, body }) => submit(adjustStock, { variantId: params.id, ...body }),
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/variants/{id}/stock",
      operationId: "listStockAdjustments",
      audience: "operator",
      tag: "Catalogue",
      summary: "The journal of a variant's stock: its first filling and every change other than by sale, newest first",
      params: Type.Object({ id: Id() }),
      query: Query(page),
      answers: {
        200: Type.Object({
          adjustments: Type.Array(
            Type.Object({ id: Id(), delta: Type.Integer(), stockAfter: Type.Integer(), reason: Type.String(), createdAt: Instant() }),
          ),
          nextCursor: NextCursor,
        }),
      },
      refusals: ["PRODUCT_NOT_FOUND"],
      shape: ownCursor("stock adjustments", ["id"]),
    },
    async ({ params, query: { limit = 20, cursor } }) => {
      const [before] = (readCursor("stock adjustments", cursor, ["id"]) ?? [null]) as [string | null];
      const variantId = params.id;
      const rows = await database.rows<Omit<StockAdjustment, "variantId">>(selectStockAdjustments(variantId, before, limit + 1));
      // A variant's first filling stands in its journal for ever: where there is nothing there is no variant.
      if (rows.length === 0 && before === null) refuse("PRODUCT_NOT_FOUND", { variantId });
      return {
        adjustments: rows.slice(0, limit).map((row) => ({ ...row, createdAt: iso(row.createdAt) })),
        nextCursor: nextCursor(rows, limit, "stock adjustments", (row) => [row.id]),
      };
    },
  );
}

/** Each order of the products is a list of its own. */
function productPlace({ cursor, sort = "newest" }: { cursor?: string | undefined; sort?: ProductSort }): (string | number)[] | null {
  return readCursor(`products ${sort}`, cursor, PLACES[sort]);
}

const PLACES: Record<ProductSort, ("id" | "number" | "text")[]> = {
  newest: ["id"],
  price: ["number", "id"],
  "-price": ["number", "id"],
  name: ["text", "id"],
};
