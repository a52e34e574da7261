import type { Product } from "../catalog/catalog.ts";
import { products } from "../catalog/catalog.sql.ts";
import type { Change, Changes } from "../till/table.ts";
import { drops } from "./drop.sql.ts";
import { people } from "./person.sql.ts";

/** Whether a round gave a product to a drop, or released it. */
export function changesProductDrops({ tables }: Changes): boolean {
  return ((tables.get(products) ?? []) as Change<Product>[]).some(({ before, after }) => (before?.dropId ?? null) !== (after.dropId ?? null));
}

/** Whether a round wrote drops or people, so that the figures of drops are outdated. */
export function changesDrops({ tables }: Changes): boolean {
  return tables.has(drops) || tables.has(people);
}
