// Reads the catalog's part of a round's changes.

import type { Change, Changes } from "../till/table.ts";
import { products, variants } from "./catalog.sql.ts";
import type { Variant } from "./catalog.ts";

/** Whether a round wrote products or variants, so that lists with stock are outdated. */
export function changesCatalog({ tables }: Changes): boolean {
  return tables.has(variants) || tables.has(products);
}

/** Whether a product looks different even in lists without stock: it was edited, has sold out, or is back in stock. */
export function changesAppearance({ tables }: Changes): boolean {
  const edited = (tables.get(products) ?? []).some(({ before }) => before !== undefined);
  const changed = (tables.get(variants) ?? []) as Change<Variant>[];
  return edited || changed.some(({ before, after }) => before && (before.stock === 0) !== (after.stock === 0));
}

/** The ids of the variants that a round wrote. */
export function changedVariantIds({ tables }: Changes): string[] {
  return (tables.get(variants) ?? []).map(({ key }) => key);
}
