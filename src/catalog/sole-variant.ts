import { invalid } from "../refusal.ts";
import type { Product } from "./catalog.ts";

/**
 * The requested variant, or the product's only variant if the request names none.
 * @param variantIds the product's variants (VariantCache); one that was added later may be missing
 * Errors: INVALID_REQUEST at `path` if the request names none and the product has several.
 */
export function soleVariant({ variantId }: { variantId?: string }, product: Product, variantIds: string[], path: string): string {
  if (variantId !== undefined) return variantId;
  const [only, ...others] = variantIds;
  if (only === undefined || others.length > 0 || (product.variantsAdded ?? 0) > 0) invalid(path, "is required: this product has several variants");
  return only;
}
