// The catalog as committed, without locks.

import { arrayOf, type Statement, textArray } from "../database/statement.ts";
import type { FullProduct, Product, ProductDetails, Variant, VariantDetails } from "./catalog.ts";
import { productDetailsOf, variantDetailsOf } from "./details.sql.ts";

/** The variants of a product in order. `variantsAdded` tells whether the set is still the same. */
export type VariantSet = { productId: string; variantIds: string[]; variantsAdded: number };

const SETS = `SELECT p.id AS "productId", p.variants_added AS "variantsAdded",
    (SELECT array_agg(v.id ORDER BY v.position) FROM variants v WHERE v.product_id = p.id) AS "variantIds"`;

export function selectVariantIds(productIds: string[]): Statement {
  return { name: "select variant ids", text: `${SETS} FROM products p WHERE p.id = ANY($1::uuid[])`, values: [arrayOf(productIds, (id) => id)] };
}

/** The variants of this variant's product. */
export function selectSiblings(variantId: string): Statement {
  return {
    name: "select siblings",
    text: `${SETS} FROM products p WHERE p.id = (SELECT product_id FROM variants WHERE id = $1)`,
    values: [variantId],
  };
}

export function selectSetsByExternalId(externalIds: string[]): Statement {
  return {
    name: "select variant sets by external id",
    text: `${SETS}, d.external_id AS "externalId" FROM product_details d JOIN products p ON p.id = d.product_id WHERE d.external_id = ANY($1::text[])`,
    values: [textArray(externalIds, (id) => id)],
  };
}

const FULL_PRODUCT = `SELECT p.id, p.name, p.description, p.status, p.price, p.version, p.variants_added AS "variantsAdded", p.tax_free_amount AS "taxFreeAmount", p.drop_id AS "dropId",
    p.rehearsal_id AS "rehearsalId", d.external_id AS "externalId", d.images, d.tags, d.metadata,
    (SELECT json_agg(json_build_object('id', v.id, 'productId', v.product_id, 'position', v.position, 'sku', v.sku, 'name', v.name, 'options', v.options,
       'price', v.price, 'stock', v.stock, 'status', v.status, 'version', v.version, 'imageUrl', vd.image_url, 'metadata', vd.metadata) ORDER BY v.position)
     FROM variants v LEFT JOIN variant_details vd ON vd.variant_id = v.id WHERE v.product_id = p.id) AS variants
  FROM products p LEFT JOIN product_details d ON d.product_id = p.id`;

/** Products with their details and variants. `fullProduct` reads the rows. */
export function selectProducts(ids: string[]): Statement {
  return { name: "select products", text: `${FULL_PRODUCT} WHERE p.id = ANY($1::uuid[])`, values: [arrayOf(ids, (id) => id)] };
}

export function selectProductsByExternalId(externalIds: string[]): Statement {
  return {
    name: "select products by external id",
    text: `${FULL_PRODUCT} WHERE d.external_id = ANY($1::text[])`,
    values: [textArray(externalIds, (id) => id)],
  };
}

type Nullable<Row> = { [Name in keyof Row]: Row[Name] | null };
export type FullProductRow = Product & Nullable<ProductDetails> & { variants: (Variant & Nullable<VariantDetails>)[] };

export function fullProduct({ variants, ...row }: FullProductRow): FullProduct {
  return { ...row, ...productDetailsOf(row), variants: variants.map((variant) => ({ ...variant, ...variantDetailsOf(variant) })) };
}

/** A variant as operators find it by its SKU. */
export type VariantBySku = Variant & Nullable<VariantDetails> & { productName: string; productStatus: Product["status"] };

/** The variant with this SKU, which belongs to one variant of the shop. */
export function selectVariantBySku(sku: string): Statement {
  return {
    name: "select variant by sku",
    text: `SELECT v.id, v.product_id AS "productId", v.position, v.sku, v.name, v.options, v.price, v.stock, v.status, v.version, d.image_url AS "imageUrl", d.metadata,
             p.name AS "productName", p.status AS "productStatus"
           FROM variants v JOIN products p ON p.id = v.product_id LEFT JOIN variant_details d ON d.variant_id = v.id WHERE v.sku = $1`,
    values: [sku],
  };
}

/** The metadata of those of these variants that have any. */
export function selectVariantMetadata(variantIds: string[]): Statement {
  return {
    name: "select variant metadata",
    text: "SELECT variant_id AS id, metadata FROM variant_details WHERE variant_id = ANY($1::uuid[]) AND metadata IS NOT NULL",
    values: [arrayOf(variantIds, (id) => id)],
  };
}
