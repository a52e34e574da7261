// Responses of the catalog's routes.

import Type from "typebox";
import { Id, Money, NextCursor, Nullable, OneOf } from "../http/schemas.ts";

const Status = OneOf(["ON_SALE", "SOLD_OUT", "NOT_FOR_SALE"]);
const HIDDEN = "shown only to operators while not for sale, null to others";
const DropId = Nullable(Id("The drop by whose rules alone the product is sold"));
const VersionSchema = Type.Optional(Type.Integer({ description: "Raised by operators' edits, never by a sale; shown to operators only" }));

const VariantSchema = Type.Object(
  {
    id: Id(),
    sku: Type.Union([Type.String(), Type.Null()]),
    name: Type.String(),
    options: Type.Record(Type.String(), Type.String()),
    price: Nullable(Type.Integer({ description: `In the currency's minor unit; ${HIDDEN}` })),
    stock: Type.Integer({ description: "0 to shoppers while not for sale" }),
    status: Status,
    version: VersionSchema,
  },
  { title: "Variant" },
);

export const ProductSchema = Type.Object(
  {
    id: Id(),
    name: Type.String(),
    description: Nullable(Type.String({ description: `Is ${HIDDEN}` })),
    price: Nullable(
      Type.Integer({
        description: `The lowest price of the variants on sale, or of all variants if none is on sale, in the currency's minor unit; ${HIDDEN}`,
      }),
    ),
    stock: Type.Integer({ description: "The sum of the variants on sale" }),
    status: Status,
    dropId: DropId,
    taxFreeAmount: Type.Optional(
      Type.Integer({
        description: "The part of a unit's price that is exempt from value-added tax, in the currency's minor unit; shown to operators only",
      }),
    ),
    version: VersionSchema,
    variants: Type.Array(VariantSchema, { minItems: 1 }),
  },
  { title: "Product" },
);

export const ProductListSchema = Type.Object({
  products: Type.Array(
    Type.Object(
      { id: Id(), name: Type.String(), price: Money(), stock: Type.Integer(), status: OneOf(["ON_SALE", "SOLD_OUT"]), dropId: DropId },
      { title: "ProductInList" },
    ),
  ),
  nextCursor: NextCursor,
  message: Type.Optional(Type.String({ description: "Only if the list is empty" })),
});

export const AdminProductListSchema = Type.Object({
  products: Type.Array(
    Type.Object({ id: Id(), name: Type.String(), price: Money(), stock: Type.Integer(), variants: Type.Integer(), status: Status }),
  ),
  nextCursor: NextCursor,
});
