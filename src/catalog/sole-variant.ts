import { invalid } from "../refusal.ts";

/**
 * The requested variant, or the product's only variant if the request names none.
 * Errors: INVALID_REQUEST at `path` if the request names none and the product has several.
 */
export function soleVariant({ variantId }: { variantId?: string }, variantIds: string[], path: string): string {
  if (variantId !== undefined) return variantId;
  const [only, ...others] = variantIds;
  if (only === undefined || others.length > 0) invalid(path, "is required: this product has several variants");
  return only;
}
