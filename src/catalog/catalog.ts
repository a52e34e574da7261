// Products and their variants. Shoppers buy variants. A product has at least one variant. Variants can
// be added, and none is ever removed.

import type { Metadata } from "../http/metadata.ts";

export type SaleStatus = "ON_SALE" | "NOT_FOR_SALE";

/**
 * `price` is the lowest price of the variants on sale, or of all variants if none is on sale.
 * Operators' edits of the product or of a variant raise `version`; sales do not. `rehearsalId`
 * marks a rehearsal's copy. Only the round that creates the product sets `made`. `taxFreeAmount` is
 * the part of a unit's price that is exempt from value-added tax; absent is 0.
 */
export type Product = {
  id: string;
  name: string;
  description: string;
  status: SaleStatus;
  price: number;
  version: number;
  /** The number of variants that it got after its creation. Absent is 0. */
  variantsAdded?: number;
  taxFreeAmount?: number;
  /** The drop by whose rules alone the product is sold. */
  dropId?: string | null;
  rehearsalId?: string | null;
  made?: { createdAt: number };
};

/**
 * `price` in minor units, `stock` in units. `name` is null if the product's name is enough.
 * `status` ignores the product's status: see `variantStatus`.
 */
export type Variant = {
  id: string;
  productId: string;
  position: number;
  sku: string | null;
  name: string | null;
  options: Record<string, string>;
  price: number;
  stock: number;
  status: SaleStatus;
  version: number;
};

/** `url` is absolute (http, https) or a path. `alt` describes the image in words. */
export type Image = { url: string; alt?: string };

/** The parts of a product that no sale reads. `externalId` is its key in another system. */
export type ProductDetails = { externalId: string | null; images: Image[]; tags: string[]; metadata: Metadata };
/** The parts of a variant that no sale reads. */
export type VariantDetails = { imageUrl: string | null; metadata: Metadata };

export type FullVariant = Variant & VariantDetails;
export type FullProduct = Product & ProductDetails & { variants: FullVariant[] };

export const NO_PRODUCT_DETAILS: ProductDetails = { externalId: null, images: [], tags: [], metadata: {} };
export const NO_VARIANT_DETAILS: VariantDetails = { imageUrl: null, metadata: {} };

export const STOCK_MAX = 1_000_000_000_000;
export const PRICE_MAX = 1_000_000_000_000;
/** Variants that a request can have, and that a product can have by `addVariant`. */
export const VARIANTS_MAX = 200;
export const IMAGES_MAX = 20;

/** The name of a line item or cart item: the product's name and the variant's, if it has one. */
export function displayName(product: { name: string }, variant: { name: string | null }): string {
  return variant.name === null ? product.name : `${product.name} ${variant.name}`;
}

/** A variant is on sale if both it and its product are. */
export function variantStatus(product: Pick<Product, "status">, variant: Pick<Variant, "status">): SaleStatus {
  return product.status === "ON_SALE" ? variant.status : "NOT_FOR_SALE";
}

/** A product is on sale if at least one of its variants is. */
export function productStatus(product: Pick<Product, "status">, variants: Pick<Variant, "status">[]): SaleStatus {
  return variants.some((variant) => variantStatus(product, variant) === "ON_SALE") ? "ON_SALE" : "NOT_FOR_SALE";
}

/** The lowest price of the variants on sale, or of all variants if none is on sale. */
export function lowestPrice(variants: Pick<Variant, "price" | "status">[]): number {
  const onSale = variants.filter(({ status }) => status === "ON_SALE");
  return Math.min(...(onSale.length > 0 ? onSale : variants).map(({ price }) => price));
}

/** The status that shoppers see: on sale without stock is sold out. */
export function saleStatus(status: SaleStatus, stock: number): SaleStatus | "SOLD_OUT" {
  return status === "ON_SALE" && stock === 0 ? "SOLD_OUT" : status;
}
