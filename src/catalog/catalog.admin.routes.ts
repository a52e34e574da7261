// Products as operators see and edit them.

import Type from "typebox";
import type { Database } from "../database/pool.ts";
import { newestFirst } from "../http/pages.ts";
import { type Routes, submit } from "../http/route.ts";
import { Id, OneOf, page, Query, Search } from "../http/schemas.ts";
import { CreateBody, EditBody, type NewProductRequest, ProductKey } from "./catalog.bodies.ts";
import { AdminProductListSchema, ProductSchema } from "./catalog.schemas.ts";
import { saleStatus } from "./catalog.ts";
import { createProducts, type NewProduct } from "./create-products.ts";
import { editProduct } from "./edit-product.ts";
import { type AdminProduct, selectAdminProducts } from "./product-list.sql.ts";

const PRODUCTS = newestFirst("every product");

export function catalogAdminRoutes(routes: Routes, { database }: { database: Database }): void {
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
      description:
        "In bulk up to 1,000 products and 8 MiB, whichever comes first. `externalId` is the product's key in another system and belongs to one product, a SKU to one variant of the shop.",
      body: CreateBody,
      answers: { 201: Type.Unsafe({ anyOf: [ProductSchema, Type.Object({ products: Type.Array(ProductSchema) })] }) },
    },
    ({ body }) => {
      const bulk = "products" in body;
      const products = (bulk ? body.products : [body]).map(newProduct);
      return submit(createProducts, { products, bulk }, 201);
    },
  );

  const edit = editProduct(database);
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
        "Takes any subset. `price` only if there is one variant; stock has its own operation. `images` and `tags` are replaced as a whole, `metadata` is merged by key. `version`, of the product or of a variant, is the version that was read: if the current version differs, nothing changes and `current` is the current product. Null clears `externalId` and a variant's `sku`, `name` and `imageUrl`; a name made of the variant's options follows them.",
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
        externalId: Type.Optional(ProductKey("Only the product with this key of another system")),
      }),
      answers: { 200: AdminProductListSchema },
      shape: PRODUCTS.checkCursor,
    },
    async ({ query }) => {
      const { q = "", status = null, externalId = null } = query;
      const { rows, nextCursor } = await PRODUCTS.read(
        query,
        (after, limit) => database.rows<AdminProduct>(selectAdminProducts({ search: q, status, externalId }, after?.[0] ?? null, limit)),
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
