// Variants as operators see and edit them.

import Type from "typebox";
import type { Database } from "../database/pool.ts";
import { type Routes, submit } from "../http/route.ts";
import { ForeignKey, Id, Query } from "../http/schemas.ts";
import { addVariant } from "./add-variant.ts";
import { EditVariantBody, NewVariantBody } from "./catalog.bodies.ts";
import { ProductSchema, VariantListSchema } from "./catalog.schemas.ts";
import { displayName, saleStatus, variantStatus } from "./catalog.ts";
import { variantDetailsOf } from "./details.sql.ts";
import { editVariant } from "./edit-product.ts";
import { selectVariantBySku, type VariantBySku } from "./read-catalog.sql.ts";

export function variantAdminRoutes(routes: Routes, { database }: { database: Database }): void {
  const add = addVariant(database);
  routes.write(
    {
      method: "POST",
      path: "/admin/products/{id}/variants",
      operationId: "addVariant",
      audience: "operator",
      permission: "catalog",
      tag: "Catalog",
      summary: "Add a variant to a product, up to 200",
      description: "Answers the product. From then on shoppers have to name the variant that they order.",
      params: Type.Object({ id: Id() }),
      body: NewVariantBody,
      answers: { 201: ProductSchema },
      faults: { "params/id": "INVALID_PRODUCT_ID" },
      refusals: ["PRODUCT_NOT_FOUND"],
    },
    ({ params, body }) => submit(add, { productId: params.id, variant: body }, 201),
  );

  const edit = editVariant(database);
  routes.write(
    {
      method: "PATCH",
      path: "/admin/variants/{id}",
      operationId: "editVariant",
      audience: "operator",
      permission: "catalog",
      tag: "Catalog",
      summary: "Change a variant",
      description:
        "Takes any subset, and answers the product. Stock has its own operation. `metadata` is merged by key; null clears `sku`, `name` and `imageUrl`. `version` is the variant's version that was read.",
      params: Type.Object({ id: Id() }),
      body: EditVariantBody,
      answers: { 200: ProductSchema },
      refusals: ["PRODUCT_NOT_FOUND", "VERSION_CONFLICT"],
    },
    ({ params, body }) => submit(edit, { variantId: params.id, ...body }),
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/variants",
      operationId: "findVariants",
      audience: "operator",
      permission: "catalog",
      tag: "Catalog",
      summary: "The variant with this SKU, if there is one",
      description: "A SKU belongs to one variant of the shop, for sale or not. SKUs are compared byte by byte.",
      query: Query({ sku: ForeignKey(100, "The SKU, such as that of a barcode") }),
      answers: { 200: VariantListSchema },
    },
    async ({ query: { sku } }) => ({ variants: (await database.rows<VariantBySku>(selectVariantBySku(sku))).map(variantView) }),
  );
}

function variantView({ productName, productStatus, ...row }: VariantBySku) {
  const { id, productId, sku, options, price, stock, version } = row;
  return {
    id,
    productId,
    sku,
    name: displayName({ name: productName }, row),
    options,
    price,
    stock,
    status: saleStatus(variantStatus({ status: productStatus }, row), stock),
    ...variantDetailsOf(row),
    version,
  };
}
