import { invalid } from "../refusal.ts";

/**
 * Which variant is meant: the one named, or the product's only one where none is.
 * Errors: INVALID_REQUEST at `path` where the product has several and none is named.
 */
export function soleVariant({ variantId }: { variantId?: string }, variantIds: string[], path: string): string {
  if (variantId !== undefined) return variantId;
  const [only, ...others] = variantIds;
  if (only === undefined || others.length > 0) invalid(path, "is required: this product has several variants");
  return only;
}
