// Finds the variants that another system's list of variants means.

import type { FullVariant } from "./catalog.ts";
import { optionsKey } from "./variant-rules.ts";

type Wanted = { sku?: string | null; name?: string | null; options?: Record<string, string> };

/**
 * For each of these variants the product's own that it means, or undefined for a new one: that with
 * its SKU, or else that with equal options. Variants without options are equal only if they have
 * the same name, or if both lists have one variant.
 */
export function matchVariants(existing: readonly FullVariant[], wanted: readonly Wanted[]): (FullVariant | undefined)[] {
  const free = new Set(existing);
  const take = (found: FullVariant | undefined): FullVariant | undefined => {
    if (found !== undefined) free.delete(found);
    return found;
  };
  // All SKUs come first: options must not take a variant that a later entry names by its SKU.
  const bySku = new Map(existing.flatMap((variant) => (variant.sku === null ? [] : [[variant.sku, variant] as const])));
  const matched = wanted.map(({ sku }) => {
    const found = sku == null ? undefined : bySku.get(sku);
    return found !== undefined && free.has(found) ? take(found) : undefined;
  });
  const alone = existing.length === 1 && wanted.length === 1;
  return wanted.map((one, i) => matched[i] ?? take([...free].find((variant) => meansSame(variant, one, alone))));
}

function meansSame(variant: FullVariant, { sku, name, options = {} }: Wanted, alone: boolean): boolean {
  if (optionsKey(variant.options) !== optionsKey(options)) return false;
  if (alone || Object.keys(options).length > 0) return true;
  return (sku == null || variant.sku === null) && (name ?? null) === variant.name;
}
