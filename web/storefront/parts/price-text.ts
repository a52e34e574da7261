import type { Product, Variant } from "#client";
import { formatMoney } from "../../shared/languages.ts";
import { t } from "../words/words.ts";

/** The price of the chosen variant, or that of the cheapest. Null while the product is not for sale: the shop does not tell its price then. */
export function priceText(product: Product, variant: Variant | undefined): string | null {
  const { price } = variant ?? product;
  if (price === null) return null;
  const hasOnePrice = product.variants.every((other) => other.price === price);
  return variant || hasOnePrice ? formatMoney(price) : t.value.from(formatMoney(price));
}
