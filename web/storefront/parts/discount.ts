import type { Discount } from "#client";
import { t } from "../words/words.ts";

/** The discount as a headline, such as "30% off", and its conditions. */
export function discountWords(discount: Discount): { headline: string; conditions: string[] } {
  const { amountOff, rateOff, upTo, minimum } = t.value;
  const conditions = discount.minOrderAmount ? [minimum(discount.minOrderAmount)] : [];
  if (discount.type === "FIXED") return { headline: amountOff(discount.amount), conditions };
  return { headline: rateOff(discount.rate), conditions: [...(discount.maxAmount ? [upTo(discount.maxAmount)] : []), ...conditions] };
}
