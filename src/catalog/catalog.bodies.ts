// Requests of the catalog's operator routes.

import Type, { type TSchema } from "typebox";
import { MetadataPatchSchema, MetadataSchema } from "../http/metadata.ts";
import { Amount, Body, Either, ForeignKey, Id, Nullable, OneOf, OptionalText, Text, TextRecord, Version } from "../http/schemas.ts";
import { IMAGES_MAX, PRICE_MAX, STOCK_MAX, VARIANTS_MAX } from "./catalog.ts";
import type { SentProduct } from "./merge-product.ts";
import type { NewProduct, NewVariant } from "./create-products.ts";

const TAGS_MAX = 20;

const { Optional } = Type;
const Options = () => Optional(TextRecord(100, 200, 20));
const Status = () => Optional(OneOf(["ON_SALE", "NOT_FOR_SALE"]));
const Sku = () => ForeignKey(100);
const Price = () => Amount(0, PRICE_MAX);
const Stock = () => Type.Integer({ minimum: 0, maximum: STOCK_MAX });
/** A second `/`, or a `\` that browsers read as one, would make a path the address of another host. */
const Url = () =>
  Type.String({
    maxLength: 2000,
    pattern: "^(?:[Hh][Tt][Tt][Pp][Ss]?://[^\\s\\\\]+|/(?:[^\\s\\\\/][^\\s\\\\]*)?)$",
    description: "`https:`, `http:`, or a path that begins with `/`",
  });
const Images = () => Type.Array(Body({ url: Url(), alt: Optional(Text(500)) }), { maxItems: IMAGES_MAX });
const Tags = () => Type.Array(Text(100), { maxItems: TAGS_MAX });
export const ProductKey = (description?: string) => ForeignKey(255, description);

const TaxFree = () =>
  Type.Integer({
    minimum: 0,
    maximum: PRICE_MAX,
    description: "The part of a unit's price that is exempt from value-added tax, at most the price, in the currency's minor unit",
  });

const described = {
  description: Optional(OptionalText(10_000)),
  status: Status(),
  images: Optional(Images()),
  tags: Optional(Tags()),
  taxFreeAmount: Optional(TaxFree()),
};
const newFields = { externalId: Optional(ProductKey()), name: Text(300), ...described, metadata: Optional(MetadataSchema()) };
const newVariantFields = {
  sku: Optional(Sku()),
  name: Optional(Text(300)),
  options: Options(),
  status: Status(),
  imageUrl: Optional(Url()),
  metadata: Optional(MetadataSchema()),
};
const forSale = { price: Price(), stock: Stock() };

export const NewVariantBody = Body({ ...newVariantFields, ...forSale });

export type NewProductRequest = Omit<NewProduct, "variants"> & ({ price: number; stock: number } | { variants: NewVariant[] });
const NewProductBody = Either<NewProductRequest, NewProductRequest>(
  "variants",
  Body({ ...newFields, variants: Type.Array(NewVariantBody, { minItems: 1, maxItems: VARIANTS_MAX }) }),
  Body({ ...newFields, ...forSale }),
);
export const CreateBody = Either<NewProductRequest, { products: NewProductRequest[] }>(
  "products",
  Body({ products: Type.Array(NewProductBody, { minItems: 1, maxItems: 1000 }) }),
  NewProductBody,
);

const variantEdit = {
  sku: Optional(Nullable(Sku())),
  name: Optional(Nullable(Text(300))),
  options: Options(),
  price: Optional(Price()),
  status: Status(),
  imageUrl: Optional(Nullable(Url())),
  metadata: Optional(MetadataPatchSchema()),
  version: Optional(Version()),
};

const sentFields = { name: Optional(Text(300)), ...described, metadata: Optional(MetadataSchema()) };
const SentVariantBody = Body({
  sku: Optional(Nullable(Sku())),
  name: Optional(Nullable(Text(300))),
  options: Options(),
  price: Optional(Price()),
  stock: Optional(Stock()),
  status: Status(),
  imageUrl: Optional(Nullable(Url())),
  metadata: Optional(MetadataSchema()),
});
/** A product as another system sends it. @param more further members */
const sentProduct = <Sent>(more: Record<string, TSchema>) =>
  Either<Sent, Sent>(
    "variants",
    Body({ ...more, ...sentFields, variants: Type.Array(SentVariantBody, { minItems: 1, maxItems: VARIANTS_MAX }) }),
    Body({ ...more, ...sentFields, price: Optional(Price()), stock: Optional(Stock()) }),
  );
export const PutBody = sentProduct<Omit<SentProduct, "externalId">>({});
export const ImportLine = sentProduct<SentProduct>({ externalId: ProductKey() });

export const EditVariantBody = Body(variantEdit);
export const EditBody = Body({
  externalId: Optional(Nullable(ProductKey())),
  name: Optional(Text(300)),
  ...described,
  metadata: Optional(MetadataPatchSchema()),
  price: Optional(Price()),
  version: Optional(Version()),
  variants: Optional(Type.Array(Body({ id: Id(), ...variantEdit }), { maxItems: VARIANTS_MAX })),
});
