// The differences that a change of a product makes, so that an operator can check them before the import.

import { isDeepStrictEqual } from "node:util";
import type { FullProduct, FullVariant } from "./catalog.ts";

/** `path` names a member of the product, or of one of its variants by SKU or name. */
export type Difference = { path: string; from: unknown; to: unknown };

const PRODUCT_MEMBERS = ["name", "description", "status", "images", "tags", "metadata", "taxFreeAmount"] as const;
const VARIANT_MEMBERS = ["sku", "name", "options", "price", "status", "imageUrl", "metadata"] as const;

export function differences(before: FullProduct, after: FullProduct): Difference[] {
  const known = new Map(before.variants.map((variant) => [variant.id, variant]));
  return [
    ...changed(before, after, PRODUCT_MEMBERS, ""),
    ...after.variants.flatMap((variant): Difference[] => {
      const prior = known.get(variant.id);
      if (prior !== undefined) return changed(prior, variant, VARIANT_MEMBERS, `variants/${labelOf(prior)}/`);
      return [{ path: `variants/${labelOf(variant)}`, from: null, to: { price: variant.price, stock: variant.stock } }];
    }),
  ];
}

function changed<Row>(before: Row, after: Row, members: readonly (keyof Row & string)[], within: string): Difference[] {
  return members.flatMap((name) =>
    isDeepStrictEqual(before[name], after[name]) ? [] : [{ path: within + name, from: before[name], to: after[name] }],
  );
}

const labelOf = ({ sku, name, position }: FullVariant): string => sku ?? name ?? String(position + 1);
