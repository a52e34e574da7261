import Type, { type Static } from "typebox";
import { mayMeet } from "../balance/rehearsal-buyers.ts";
import { BatchedRead } from "../database/batched-read.ts";
import type { Caller } from "../http/tokens.ts";
import { nextCursor, readCursor } from "../http/cursor.ts";
import { type Routes, submit } from "../http/route.ts";
import {
  Amount,
  Body,
  Either,
  ForeignKey,
  Id,
  Money,
  NextCursor,
  Nullable,
  OneOf,
  OptionalText,
  page,
  Query,
  Search,
  Text,
  TextRecord,
  Version,
} from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import type { Shop } from "../shop.ts";
import { PRICE_MAX, type Product, saleStatus, STOCK_MAX, type Variant } from "./catalog.ts";
import { type ProductListItem, type ProductSort, selectProductPage, selectProducts } from "./catalog.sql.ts";
import { createProducts, type NewProduct, type NewVariant } from "./create-products.ts";
import { editProduct } from "./edit-product.ts";
import { productView, shopperView } from "./product-view.ts";

/** The cache group of everything that shows products with their stock. */
export const PRODUCT_LISTS = "products";
const LIST_TTL_MS = 5 * 60_000;
const NO_PRODUCTS = { ko: "등록된 상품이 없습니다", en: "There are no products yet" };

const Status = OneOf(["ON_SALE", "SOLD_OUT", "NOT_FOR_SALE"]);
const HIDDEN = "shown to operators only while it is not for sale, null to others";
const VersionAnswer = Type.Optional(Type.Integer({ description: "Raised by operators' edits, never by a sale; shown to operators only" }));
const VariantAnswer = Type.Object(
  {
    id: Id(),
    sku: Type.Union([Type.String(), Type.Null()]),
    name: Type.String(),
    options: Type.Record(Type.String(), Type.String()),
    price: Nullable(Type.Integer({ description: `In the currency's minor unit; ${HIDDEN}` })),
    stock: Type.Integer({ description: "0 to shoppers while it is not for sale" }),
    status: Status,
    version: VersionAnswer,
  },
  { title: "Variant" },
);
const ProductAnswer = Type.Object(
  {
    id: Id(),
    name: Type.String(),
    description: Nullable(Type.String({ description: `Is ${HIDDEN}` })),
    price: Nullable(
      Type.Integer({
        description: `The lowest of the variants that are on sale, of all if none is, in the currency's minor unit; ${HIDDEN}`,
      }),
    ),
    stock: Type.Integer({ description: "The sum of the variants that are on sale" }),
    status: Status,
    version: VersionAnswer,
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
  q: Search("Searches names, the values of options, and SKUs: every word must occur"),
  sort: Type.Optional(OneOf(["newest", "price", "-price", "name"])),
  includeSoldOut: Type.Optional(Type.Boolean({ default: true })),
});

export function catalogRoutes(routes: Routes, { database, cache, variantCache }: Shop): void {
  const details = new BatchedRead(async (ids) => {
    const rows = await database.rows<Product & { variants: Variant[] }>(selectProducts(ids));
    // What shoppers see is made into JSON once, however many are waiting for it.
    return new Map(
      rows.map((row) => {
        const whole = productView(row, row.variants);
        return [row.id, { rehearsalId: row.rehearsalId ?? null, whole, shopper: JSON.stringify(shopperView(whole)) }];
      }),
    );
  });

  async function productPage({ limit = 20, cursor, q = "", sort = "newest", includeSoldOut = true }: Static<typeof ListQuery>, locale: "ko" | "en") {
    const after = productPlace({ cursor, sort });
    const rows = await database.rows<ProductListItem>(selectProductPage({ sort, search: q, includeSoldOut, after, limit: limit + 1 }));
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
      description: "Needs no token. With an operator's it shows `version`, and the price and description of what is not for sale.",
      optionalToken: true,
      params: Type.Object({ productId: Id() }),
      answers: { 200: ProductAnswer },
      faults: { "params/productId": "INVALID_PRODUCT_ID" },
      refusals: ["PRODUCT_NOT_FOUND"],
    },
    async ({ params: { productId }, caller }) => {
      const product = await details.get(productId);
      if (!product || !(await mayMeet(database, caller, product))) refuse("PRODUCT_NOT_FOUND", { productId });
      return (caller as Caller | null)?.role === "operator" ? product.whole : product.shopper;
    },
  );

  const Options = TextRecord(100, 200, 20);
  const OwnStatus = Type.Optional(OneOf(["ON_SALE", "NOT_FOR_SALE"]));
  const facts = {
    name: Text(300),
    description: Type.Optional(OptionalText(10_000)),
    status: OwnStatus,
  };
  const forSale = { price: Amount(0, PRICE_MAX), stock: Type.Integer({ minimum: 0, maximum: STOCK_MAX }) };
  const described = { sku: Type.Optional(ForeignKey(100)), name: Type.Optional(Text(300)), options: Type.Optional(Options), status: OwnStatus };
  const Several = Body({ ...facts, variants: Type.Array(Body({ ...described, ...forSale }), { minItems: 1, maxItems: 200 }) });
  type OneProduct = Omit<NewProduct, "variants"> & ({ price: number; stock: number } | { variants: NewVariant[] });
  const One = Either<OneProduct, OneProduct>("variants", Several, Body({ ...facts, ...forSale }));

  routes.write(
    {
      method: "POST",
      path: "/admin/products",
      operationId: "createProducts",
      audience: "operator",
      bulk: true,
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
      return submit(createProducts, { products, bulk }, 201, (made) => (bulk ? { products: made } : made[0]));
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
      description:
        "Takes any subset. `price` only if there is one variant; stock has a call of its own. A `version`, of the product or of a variant, is the one that was read: if the shop has another, nothing is changed and `current` is the product as it is. A variant's `sku` and `name` are cleared with null; a name that was made of its options follows them.",
      params: Type.Object({ id: Id() }),
      body: Body({
        name: Type.Optional(Text(300)),
        description: facts.description,
        status: facts.status,
        price: Type.Optional(Amount(0, PRICE_MAX)),
        version: Type.Optional(Version()),
        variants: Type.Optional(
          Type.Array(
            Body({
              id: Id(),
              sku: Type.Optional(Nullable(ForeignKey(100))),
              name: Type.Optional(Nullable(Text(300))),
              options: Type.Optional(Options),
              price: Type.Optional(Amount(0, PRICE_MAX)),
              status: OwnStatus,
              version: Type.Optional(Version()),
            }),
            { maxItems: 200 },
          ),
        ),
      }),
      answers: { 200: ProductAnswer },
      faults: { "params/id": "INVALID_PRODUCT_ID" },
      refusals: ["PRODUCT_NOT_FOUND", "VERSION_CONFLICT"],
    },
    ({ params, body: { variants, ...fields } }) =>
      submit(editProduct(variantCache), {
        productId: params.id,
        ...fields,
        ...(variants ? { variants: variants.map((edit) => ({ ...edit, id: edit.id.toLowerCase() })) } : {}),
      }),
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
