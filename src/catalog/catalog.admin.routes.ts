// The catalog as operators see and edit it.

import Type from "typebox";
import type { Database } from "../database/pool.ts";
import { newestFirst } from "../http/pages.ts";
import { type Routes, submit } from "../http/route.ts";
import {
  Amount,
  Body,
  Either,
  ForeignKey,
  Id,
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
import { AdminProductListSchema, ProductSchema } from "./catalog.schemas.ts";
import { PRICE_MAX, saleStatus, STOCK_MAX } from "./catalog.ts";
import { createProducts, type NewProduct, type NewVariant } from "./create-products.ts";
import { editProduct } from "./edit-product.ts";
import { type AdminProduct, selectAdminProducts } from "./product-list.sql.ts";
import type { VariantCache } from "./variant-cache.ts";

const PRODUCTS = newestFirst("every product");

const Options = TextRecord(100, 200, 20);
const Status = Type.Optional(OneOf(["ON_SALE", "NOT_FOR_SALE"]));
const TaxFree = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: PRICE_MAX,
    description: "The part of a unit's price that is exempt from value-added tax, at most the price, in the currency's minor unit",
  }),
);
const productFields = { name: Text(300), description: Type.Optional(OptionalText(10_000)), status: Status, taxFreeAmount: TaxFree };
const variantFields = { sku: Type.Optional(ForeignKey(100)), name: Type.Optional(Text(300)), options: Type.Optional(Options), status: Status };
const forSale = { price: Amount(0, PRICE_MAX), stock: Type.Integer({ minimum: 0, maximum: STOCK_MAX }) };

type NewProductRequest = Omit<NewProduct, "variants"> & ({ price: number; stock: number } | { variants: NewVariant[] });
const WithVariants = Body({ ...productFields, variants: Type.Array(Body({ ...variantFields, ...forSale }), { minItems: 1, maxItems: 200 }) });
const NewProductBody = Either<NewProductRequest, NewProductRequest>("variants", WithVariants, Body({ ...productFields, ...forSale }));
const CreateBody = Either<NewProductRequest, { products: NewProductRequest[] }>(
  "products",
  Body({ products: Type.Array(NewProductBody, { minItems: 1, maxItems: 1000 }) }),
  NewProductBody,
);
const EditBody = Body({
  ...productFields,
  name: Type.Optional(Text(300)),
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
        status: Status,
        version: Type.Optional(Version()),
      }),
      { maxItems: 200 },
    ),
  ),
});

export function catalogAdminRoutes(routes: Routes, { database, variantCache }: { database: Database; variantCache: VariantCache }): void {
  routes.write(
    {
      method: "POST",
      path: "/admin/products",
      operationId: "createProducts",
      audience: "operator",
      permission: "catalog",
      bulk: true,
      tag: "Catalog",
      summary: "Create a product, or up to 1,000 in the order sent",
      description: "In bulk up to 1,000 products and 8 MiB, whichever comes first.",
      body: CreateBody,
      answers: { 201: Type.Unsafe({ anyOf: [ProductSchema, Type.Object({ products: Type.Array(ProductSchema) })] }) },
    },
    ({ body }) => {
      const bulk = "products" in body;
      const products = (bulk ? body.products : [body]).map(newProduct);
      return submit(createProducts, { products, bulk }, 201);
    },
  );

  const edit = editProduct(variantCache);
  routes.write(
    {
      method: "PATCH",
      path: "/admin/products/{id}",
      operationId: "editProduct",
      audience: "operator",
      permission: "catalog",
      tag: "Catalog",
      summary: "Change a product",
      description:
        "Takes any subset. `price` only if there is one variant; stock has its own operation. `version`, of the product or of a variant, is the version that was read: if the current version differs, nothing changes and `current` is the current product. Null clears a variant's `sku` and `name`; a name made of the variant's options follows them.",
      params: Type.Object({ id: Id() }),
      body: EditBody,
      answers: { 200: ProductSchema },
      faults: { "params/id": "INVALID_PRODUCT_ID" },
      refusals: ["PRODUCT_NOT_FOUND", "VERSION_CONFLICT"],
    },
    ({ params, body: { variants, ...fields } }) =>
      submit(edit, {
        productId: params.id,
        ...fields,
        ...(variants ? { variants: variants.map((variant) => ({ ...variant, id: variant.id.toLowerCase() })) } : {}),
      }),
  );

  listRoute(routes, database);
}

function listRoute(routes: Routes, database: Database): void {
  routes.read(
    {
      method: "GET",
      path: "/admin/products",
      operationId: "listEveryProduct",
      audience: "operator",
      permission: "catalog",
      tag: "Catalog",
      summary: "All products, including those not for sale, newest first",
      description: "All conditions apply together.",
      query: Query({
        ...page,
        q: Search("Searches names, the values of options, and SKUs: every word must occur"),
        status: Type.Optional(OneOf(["ON_SALE", "NOT_FOR_SALE"], "Only products with this status")),
      }),
      answers: { 200: AdminProductListSchema },
      shape: PRODUCTS.checkCursor,
    },
    async ({ query }) => {
      const { q = "", status = null } = query;
      const { rows, nextCursor } = await PRODUCTS.read(
        query,
        (after, limit) => database.rows<AdminProduct>(selectAdminProducts({ search: q, status }, after?.[0] ?? null, limit)),
        ({ id }) => [id],
      );
      return { products: rows.map((row) => ({ ...row, status: saleStatus(row.status, row.stock) })), nextCursor };
    },
  );
}

/** A product sent with `price` and `stock` has one variant. */
function newProduct(request: NewProductRequest): NewProduct {
  if ("variants" in request) return request;
  const { price, stock, ...rest } = request;
  return { ...rest, variants: [{ price, stock }] };
}
