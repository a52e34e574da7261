// Products and variants of a unit of work.

import { sameRehearsal } from "../balance/balance.ts";
import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { type Product, type Variant, variantStatus } from "./catalog.ts";
import { products, variants } from "./catalog.sql.ts";

/**
 * A product that this user may see. Errors: PRODUCT_NOT_FOUND, also if the product is a rehearsal's
 * copy and the user is not one of its buyers.
 */
export function getProduct(uow: UnitOfWork, productId: string, user: { rehearsalId?: string | null }): Product {
  const product = uow.find(products, productId);
  if (!product || !sameRehearsal(product, user)) refuse("PRODUCT_NOT_FOUND", { productId });
  return product;
}

/** A variant of this product. Errors: PRODUCT_NOT_FOUND, also for another product's variant. */
export function getVariantOf(uow: UnitOfWork, { id: productId }: Product, variantId: string): Variant {
  const variant = uow.find(variants, variantId);
  if (variant === undefined || variant.productId !== productId) refuse("PRODUCT_NOT_FOUND", { productId, variantId });
  return variant;
}

/** A variant on sale and its product. Errors: PRODUCT_NOT_FOUND, PRODUCT_NOT_FOR_SALE. */
export function getVariantForSale(uow: UnitOfWork, productId: string, variantId: string): { product: Product; variant: Variant } {
  const product = uow.find(products, productId) ?? refuse("PRODUCT_NOT_FOUND", { productId });
  const variant = getVariantOf(uow, product, variantId);
  checkForSale(product, variant);
  return { product, variant };
}

/** Errors: PRODUCT_NOT_FOR_SALE. */
export function checkForSale(product: Product, variant: Variant): void {
  if (variantStatus(product, variant) !== "ON_SALE") refuse("PRODUCT_NOT_FOR_SALE", { productId: product.id, variantId: variant.id });
}
