import { isRefusal, type Problem, Unreachable } from "#client";
import { dictionary } from "../../shared/languages.ts";
import { en } from "./en.ts";
import { ko } from "./ko.ts";

/** What the storefront says, in the language of the moment. */
export const t = dictionary(ko, en);

/** Why something failed, for people. The shop's own words where it said any: it speaks the visitor's language. */
export function reasonOf(error: unknown): string {
  if (isRefusal(error, "BUSY", "UNAVAILABLE", "TOO_MANY_REQUESTS")) return t.value.againIn(Math.ceil(error.retryAfter ?? 1));
  const available = isRefusal(error, "STOCK_INSUFFICIENT") ? error.problem["available"] : undefined;
  if (typeof available === "number") return available === 0 ? t.value.justSoldOut : t.value.shortOf(available);
  if (isRefusal(error, "COUPON_UNUSABLE")) return whyUnusable(error.problem) ?? error.message;
  if (isRefusal(error)) return error.message;
  if (error instanceof Unreachable) return t.value.unheard;
  return t.value.cannotLoad;
}

function whyUnusable({ reason, minOrderAmount }: Problem): string | undefined {
  if (reason === "USED") return t.value.couponUsed;
  if (reason === "EXPIRED") return t.value.couponOver;
  return reason === "MIN_ORDER_AMOUNT" && typeof minOrderAmount === "number" ? t.value.couponBelow(minOrderAmount) : undefined;
}
