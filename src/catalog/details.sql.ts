// The parts of products and variants that no sale reads (migration 0052). They are read after the
// product's variants are locked, whose locks guard them, too.

import { arrayOf, columns, type Statement, textArray } from "../database/statement.ts";
import type { Metadata } from "../http/metadata.ts";
import type { Change, Table } from "../till/table.ts";
import type { Image, ProductDetails, VariantDetails } from "./catalog.ts";

/** The stored rows: null for parts that are not used. */
type ProductRow = { externalId: string | null; images: Image[] | null; tags: string[] | null; metadata: Metadata | null };
type VariantRow = { imageUrl: string | null; metadata: Metadata | null };

/** The details of a row of `product_details`, which may be the nulls of an outer join. */
export function productDetailsOf({ externalId, images, tags, metadata }: ProductRow): ProductDetails {
  return { externalId, images: images ?? [], tags: tags ?? [], metadata: metadata ?? {} };
}

export function variantDetailsOf({ imageUrl, metadata }: VariantRow): VariantDetails {
  return { imageUrl, metadata: metadata ?? {} };
}

const PRODUCT_COLUMNS = columns({ product_id: "uuid", external_id: "text", images: "jsonb", tags: "jsonb", metadata: "jsonb" });
const VARIANT_COLUMNS = columns({ variant_id: "uuid", image_url: "text", metadata: "jsonb" });

export const productDetails: Table<ProductDetails> = {
  name: "product details",
  load: (ids) => ({
    name: "read product details",
    text: `SELECT product_id AS "productId", external_id AS "externalId", images, tags, metadata FROM product_details WHERE product_id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["productId"] as string, productDetailsOf(row as ProductRow)],
  save: (changes) => [saveProducts(changes)],
};

function saveProducts(changes: Change<ProductDetails>[]): Statement {
  return {
    name: "save product details",
    text: `INSERT INTO product_details (${PRODUCT_COLUMNS.names}) SELECT * FROM ${PRODUCT_COLUMNS.unnest}
           ON CONFLICT (product_id) DO UPDATE SET external_id = excluded.external_id, images = excluded.images, tags = excluded.tags, metadata = excluded.metadata`,
    values: PRODUCT_COLUMNS.arrays(
      changes.map(({ key, after: { externalId, images, tags, metadata } }) => ({
        productId: key,
        externalId,
        images: images.length > 0 ? images : null,
        tags: tags.length > 0 ? tags : null,
        metadata: unlessEmpty(metadata),
      })),
    ),
  };
}

export const variantDetails: Table<VariantDetails> = {
  name: "variant details",
  load: (ids) => ({
    name: "read variant details",
    text: `SELECT variant_id AS "variantId", image_url AS "imageUrl", metadata FROM variant_details WHERE variant_id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["variantId"] as string, variantDetailsOf(row as VariantRow)],
  save: (changes) => [saveVariants(changes)],
};

function saveVariants(changes: Change<VariantDetails>[]): Statement {
  return {
    name: "save variant details",
    text: `INSERT INTO variant_details (${VARIANT_COLUMNS.names}) SELECT * FROM ${VARIANT_COLUMNS.unnest}
           ON CONFLICT (variant_id) DO UPDATE SET image_url = excluded.image_url, metadata = excluded.metadata`,
    values: VARIANT_COLUMNS.arrays(
      changes.map(({ key, after: { imageUrl, metadata } }) => ({ variantId: key, imageUrl, metadata: unlessEmpty(metadata) })),
    ),
  };
}

const unlessEmpty = (metadata: Metadata): Metadata | null => (Object.keys(metadata).length > 0 ? metadata : null);

/**
 * The product of each external id; null if this round has released it. The table's UNIQUE
 * constraint decides between two rounds.
 */
export const productExternalIds: Table<{ productId: string | null }> = {
  name: "external ids of products",
  load: (externalIds) => ({
    name: "read external ids of products",
    text: `SELECT external_id AS "externalId", product_id AS "productId" FROM product_details WHERE external_id = ANY($1::text[])`,
    values: [textArray(externalIds, (externalId) => externalId)],
  }),
  read: (row) => [row["externalId"] as string, { productId: row["productId"] as string }],
  save: () => [],
};

/** For other nouns' queries of a variant `v` and its product `p`: the variant's own image, or else the product's first. */
export const IMAGE_URL = `coalesce((SELECT image_url FROM variant_details WHERE variant_id = v.id), ${firstImage("p.id")})`;

/** The URL of a product's first image. @param id the product's column */
export function firstImage(id: string): string {
  return `(SELECT images -> 0 ->> 'url' FROM product_details WHERE product_id = ${id})`;
}
