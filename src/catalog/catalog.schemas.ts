// Responses of the catalog's routes.

import Type from "typebox";
import { MetadataSchema } from "../http/metadata.ts";
import { Id, Money, NextCursor, Nullable, OneOf } from "../http/schemas.ts";

const Status = OneOf(["ON_SALE", "SOLD_OUT", "NOT_FOR_SALE"]);
const HIDDEN = "shown only to operators while not for sale, null to others";
const DropId = Nullable(Id("The drop by whose rules alone the product is sold"));
const VersionSchema = Type.Optional(Type.Integer({ description: "Raised by operators' edits, never by a sale; shown to operators only" }));
const ExternalId = Nullable(Type.String({ description: "The product's key in another system; shown to operators only" }));
const Tags = () => Type.Array(Type.String());

export const ImageUrl = (description = "The product's first image") =>
  Type.Union([Type.String(), Type.Null()], { description: `${description}: \`http:\`, \`https:\`, or a path` });

const VariantSchema = Type.Object(
  {
    id: Id(),
    sku: Type.Union([Type.String(), Type.Null()]),
    name: Type.String(),
    options: Type.Record(Type.String(), Type.String()),
    price: Nullable(Type.Integer({ description: `In the currency's minor unit; ${HIDDEN}` })),
    stock: Type.Integer({ description: "0 to shoppers while not for sale" }),
    status: Status,
    imageUrl: ImageUrl("The variant's own image, null to shoppers while not for sale"),
    metadata: Type.Optional(Type.Unsafe({ ...MetadataSchema(), description: "The shop's own data; shown to operators only" })),
    version: VersionSchema,
  },
  { title: "Variant" },
);

const productMembers = {
  id: Id(),
  externalId: Type.Optional(ExternalId),
  name: Type.String(),
  description: Nullable(Type.String({ description: `Is ${HIDDEN}` })),
  price: Nullable(
    Type.Integer({
      description: `The lowest price of the variants on sale, or of all variants if none is on sale, in the currency's minor unit; ${HIDDEN}`,
    }),
  ),
  stock: Type.Integer({ description: "The sum of the variants on sale" }),
  status: Status,
  images: Type.Array(Type.Object({ url: Type.String(), alt: Type.Optional(Type.String()) }), { description: "Empty to shoppers while not for sale" }),
  tags: Type.Array(Type.String(), { description: "Empty to shoppers while not for sale" }),
  metadata: MetadataSchema("The shop's own data: up to 50 texts by key; empty to shoppers while not for sale"),
  dropId: DropId,
  taxFreeAmount: Type.Optional(
    Type.Integer({
      description: "The part of a unit's price that is exempt from value-added tax, in the currency's minor unit; shown to operators only",
    }),
  ),
  version: VersionSchema,
  variants: Type.Array(VariantSchema, { minItems: 1 }),
};

export const ProductSchema = Type.Object(productMembers, { title: "Product" });

const Warning = Type.Object({ path: Type.String({ description: "A JSON pointer into the request" }), message: Type.String() });
export const Warnings = Type.Array(Warning, { description: "Parts of the request that have no effect" });
export const PutProductSchema = Type.Object({ ...productMembers, warnings: Warnings }, { title: "PutProduct" });

export const ProductListSchema = Type.Object({
  products: Type.Array(
    Type.Object(
      {
        id: Id(),
        name: Type.String(),
        price: Money(),
        stock: Type.Integer(),
        status: OneOf(["ON_SALE", "SOLD_OUT"]),
        imageUrl: ImageUrl(),
        tags: Tags(),
        dropId: DropId,
      },
      { title: "ProductInList" },
    ),
  ),
  nextCursor: NextCursor,
  message: Type.Optional(Type.String({ description: "Only if the list is empty" })),
});

export const AdminProductListSchema = Type.Object({
  products: Type.Array(
    Type.Object({
      id: Id(),
      externalId: ExternalId,
      name: Type.String(),
      price: Money(),
      stock: Type.Integer(),
      variants: Type.Integer(),
      status: Status,
      imageUrl: ImageUrl(),
      tags: Tags(),
    }),
  ),
  nextCursor: NextCursor,
});

export const VariantListSchema = Type.Object({
  variants: Type.Array(
    Type.Object({
      id: Id(),
      productId: Id(),
      sku: Type.Union([Type.String(), Type.Null()]),
      name: Type.String({ description: "The name of a line item: the product's name and the variant's" }),
      options: Type.Record(Type.String(), Type.String()),
      price: Money(),
      stock: Type.Integer(),
      status: Status,
      imageUrl: ImageUrl("The variant's own image"),
      metadata: MetadataSchema(),
      version: Type.Integer(),
    }),
  ),
});
