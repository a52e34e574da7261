// The variants of a product as committed, for operators' commands that lock all of them. They do not
// use the cache: another instance may have added a variant.

import type { Database } from "../database/pool.ts";
import { need, type Need } from "../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { products, variants } from "./catalog.sql.ts";
import { type FullProduct, NO_PRODUCT_DETAILS, NO_VARIANT_DETAILS, type Product } from "./catalog.ts";
import { productDetails, variantDetails } from "./details.sql.ts";
import { selectSiblings, selectVariantIds, type VariantSet } from "./read-catalog.sql.ts";

export async function variantSetOf(database: Database, productId: string): Promise<VariantSet | undefined> {
  const [set] = await database.rows<VariantSet>(selectVariantIds([productId]));
  return set;
}

/** The variants of the product that has this variant. */
export async function siblingsOf(database: Database, variantId: string): Promise<VariantSet | undefined> {
  const [set] = await database.rows<VariantSet>(selectSiblings(variantId));
  return set;
}

/** The rows that `getFullProduct` reads. */
export function fullProductNeeds(set: VariantSet | undefined): Need[] {
  if (set === undefined) return [];
  return [
    need(products, set.productId),
    need(productDetails, set.productId),
    ...set.variantIds.flatMap((id) => [need(variants, id), need(variantDetails, id)]),
  ];
}

/**
 * A product with all its variants, locked. Undefined if there is none.
 * Errors: NeedsChanged if it has got a variant since the set was read.
 */
export function getFullProduct(uow: UnitOfWork, set: VariantSet | undefined): FullProduct | undefined {
  if (set === undefined) return undefined;
  const product = uow.find(products, set.productId);
  if (product === undefined) return undefined;
  checkSet(product, set);
  const rows = set.variantIds.map((id) => {
    const variant = uow.find(variants, id);
    if (variant === undefined) throw new Error(`variant ${id} of a product does not exist`);
    return { ...variant, ...(uow.find(variantDetails, id) ?? NO_VARIANT_DETAILS) };
  });
  return { ...product, ...(uow.find(productDetails, set.productId) ?? NO_PRODUCT_DETAILS), variants: rows };
}

/** Errors: NeedsChanged if the product has got a variant since the set was read. */
export function checkSet(product: Product, set: VariantSet): void {
  if ((product.variantsAdded ?? 0) !== set.variantsAdded) throw new NeedsChanged();
}
