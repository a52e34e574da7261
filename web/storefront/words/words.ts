import { isRefusal, type Problem, Unreachable } from "#client";
import { accountFault } from "../../shared/account-words.ts";
import { dictionary } from "../../shared/languages.ts";
import { en } from "./en.ts";
import { ko } from "./ko.ts";

/** The storefront's texts in the current language. */
export const t = dictionary(ko, en);

/** The reason of a failure for the visitor. The shop's messages are in the visitor's language already. */
export function reasonOf(error: unknown): string {
  if (isRefusal(error, "BUSY", "UNAVAILABLE", "TOO_MANY_REQUESTS")) return t.value.againIn(Math.ceil(error.retryAfter ?? 1));
  const available = isRefusal(error, "STOCK_INSUFFICIENT") ? error.problem["available"] : undefined;
  if (typeof available === "number") return available === 0 ? t.value.justSoldOut : t.value.shortOf(available);
  if (isRefusal(error, "COUPON_UNUSABLE")) return unusableReason(error.problem) ?? error.message;
  if (isRefusal(error, "BALANCE_INSUFFICIENT")) return t.value.balanceInsufficient;
  if (isRefusal(error, "DROP_LIMIT_EXCEEDED", "DROP_NOT_OPEN", "DROP_CLOSED", "DROP_ENTRY_REQUIRED"))
    return dropReason(error.problem) ?? error.message;
  if (isRefusal(error)) return accountFault(error) ?? error.message;
  if (error instanceof Unreachable) return t.value.noResponse;
  return t.value.cannotLoad;
}

function unusableReason({ reason, minOrderAmount }: Problem): string | undefined {
  if (reason === "USED") return t.value.couponUsed;
  if (reason === "EXPIRED") return t.value.couponOver;
  if (reason === "VOID") return t.value.couponWithdrawn;
  return reason === "MIN_ORDER_AMOUNT" && typeof minOrderAmount === "number" ? t.value.couponBelow(minOrderAmount) : undefined;
}

/** The facts that a buyer needs to act: the limit, the opening, that a pause is no end, or that the hold is over. */
function dropReason({ code, limit, already, opensAt, reason }: Problem): string | undefined {
  if (code === "DROP_ENTRY_REQUIRED") return t.value.noHold;
  if (reason === "PAUSED") return t.value.dropPausedNow;
  if (typeof opensAt === "string") return t.value.opensThen(opensAt);
  return typeof limit === "number" && typeof already === "number" ? t.value.limitReached(limit, already) : undefined;
}
