// The part of a price that is exempt from value-added tax.

import type { FieldError } from "../refusal.ts";
import type { Product, Variant } from "./catalog.ts";

type TaxFree = Pick<Product, "taxFreeAmount">;

export function isAbovePrice({ taxFreeAmount = 0 }: TaxFree, { price }: Pick<Variant, "price">): boolean {
  return taxFreeAmount > price;
}

/** An error at `path` if the product's tax-free amount is above the price of a variant. */
export function taxFreeErrors(product: TaxFree, variants: Pick<Variant, "price">[], path: string): FieldError[] {
  const isTooHigh = variants.some((variant) => isAbovePrice(product, variant));
  return isTooHigh ? [{ path, message: path.endsWith("/taxFreeAmount") ? "is above the price" : "is below the product's tax-free amount" }] : [];
}
