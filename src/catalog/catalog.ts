// Products and their variants. What is bought is always a variant; a product has at least one, and the set of them never
// changes after it is made, so that a product's id stands for its only variant for ever where it has one.

import { sameRehearsal } from "../balance/balance.ts";
import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { products, variants } from "./catalog.sql.ts";

export type SaleStatus = "ON_SALE" | "NOT_FOR_SALE";

/**
 * `price` is the lowest of its variants' that are on sale, of all if none is. `version` is raised by operators' edits of the product or of a
 * variant, never by a sale. `rehearsalId` marks a rehearsal's copy. `made` is there only in the round that makes the product.
 */
export type Product = {
  id: string;
  name: string;
  description: string;
  status: SaleStatus;
  price: number;
  version: number;
  rehearsalId?: string | null;
  made?: { createdAt: number };
};

/** `price` in minor units, `stock` in pieces. `name` is null where the product's own will do. `status` is its own: see `variantStatus`. */
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

export const STOCK_MAX = 1_000_000_000_000;
export const PRICE_MAX = 1_000_000_000_000;

/** A product that this user may meet. Errors: PRODUCT_NOT_FOUND, also for a rehearsal's copy and a user who is not its buyer. */
export function productFor(uow: UnitOfWork, productId: string, user: { rehearsalId?: string | null }): Product {
  const product = uow.find(products, productId);
  if (!product || !sameRehearsal(product, user)) refuse("PRODUCT_NOT_FOUND", { productId });
  return product;
}

/** A variant with its product. Errors: PRODUCT_NOT_FOUND, also where the variant is another product's. */
export function articleOf(uow: UnitOfWork, productId: string, variantId: string): { product: Product; variant: Variant } {
  const product = uow.find(products, productId) ?? refuse("PRODUCT_NOT_FOUND", { productId });
  const variant = uow.find(variants, variantId);
  if (variant === undefined || variant.productId !== productId) refuse("PRODUCT_NOT_FOUND", { productId, variantId });
  return { product, variant };
}

/** The same, if it may be sold now. Errors: PRODUCT_NOT_FOUND, PRODUCT_NOT_FOR_SALE. */
export function forSale(uow: UnitOfWork, productId: string, variantId: string): { product: Product; variant: Variant } {
  const article = articleOf(uow, productId, variantId);
  if (variantStatus(article.product, article.variant) !== "ON_SALE") refuse("PRODUCT_NOT_FOR_SALE", { productId, variantId });
  return article;
}

/** Takes pieces off the shelf. Errors: STOCK_INSUFFICIENT. */
export function takeStock(uow: UnitOfWork, { productId, variantId, quantity }: { productId: string; variantId: string; quantity: number }): void {
  const variant = uow.find(variants, variantId) ?? refuse("PRODUCT_NOT_FOUND", { productId, variantId });
  if (variant.stock < quantity) refuse("STOCK_INSUFFICIENT", { productId, variantId, requested: quantity, available: variant.stock });
  uow.put(variants, variantId, { ...variant, stock: variant.stock - quantity });
}

/** Puts pieces back that had been taken for an order. */
export function returnStock(uow: UnitOfWork, { variantId, quantity }: { variantId: string; quantity: number }): void {
  const variant = uow.find(variants, variantId);
  if (variant === undefined) throw new Error(`variant ${variantId} was sold and is gone`);
  uow.put(variants, variantId, { ...variant, stock: variant.stock + quantity });
}

/** What an order line or a cart calls the thing: the product, and the variant where it has a name of its own. */
export function displayName(product: { name: string }, variant: { name: string | null }): string {
  return variant.name === null ? product.name : `${product.name} ${variant.name}`;
}

/** A variant can be bought if both it and its product are on sale. */
export function variantStatus(product: Pick<Product, "status">, variant: Pick<Variant, "status">): SaleStatus {
  return product.status === "ON_SALE" ? variant.status : "NOT_FOR_SALE";
}

/** A product none of whose variants is on sale is not for sale. */
export function productStatus(product: Pick<Product, "status">, variants: Pick<Variant, "status">[]): SaleStatus {
  return variants.some((variant) => variantStatus(product, variant) === "ON_SALE") ? "ON_SALE" : "NOT_FOR_SALE";
}

/** The lowest price of the variants that are on sale, of all if none is. */
export function lowestPrice(variants: Pick<Variant, "price" | "status">[]): number {
  const onSale = variants.filter(({ status }) => status === "ON_SALE");
  return Math.min(...(onSale.length > 0 ? onSale : variants).map(({ price }) => price));
}

/** What a shopper sees: a variant that is for sale and has nothing left is sold out. */
export function saleStatus(status: SaleStatus, stock: number): SaleStatus | "SOLD_OUT" {
  return status === "ON_SALE" && stock === 0 ? "SOLD_OUT" : status;
}
