// The gateway's book beside ours: every difference, with what each side says.

import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import type { Gateway, GatewayPayment } from "../gateway/gateway.ts";
import { type Claim, selectClaims, selectSettledKeys } from "./reconcile.sql.ts";

export type Difference = {
  what:
    | "only at the gateway"
    | "only in the shop"
    | "captured amounts differ"
    | "amounts given back differ"
    | "still open in the shop"
    | "currencies differ";
  paymentKey: string;
  paymentId: string | null;
  shop: { status: string; captured: number; givenBack: number } | null;
  /** In minor units of `currency`, which may be another than the shop's. */
  gateway: { status: string; currency: string; captured: number; givenBack: number } | null;
};

export type Reconciliation = {
  from: string;
  to: string;
  compared: number;
  captured: number;
  givenBack: number;
  differenceCount: number;
  differences: Difference[];
};

const PAGE = 500;
/** How many differences one answer lists: a wrong period or a lost database can make every payment one. */
const MOST_DIFFERENCES = 1000;

/**
 * Compares everything that moved at the gateway or was settled in the shop from `from` up to but not including `to`, in ms. The period
 * only chooses the payments; each is then compared as it stands now, so that what happens at the edge of the period is no difference.
 * Errors: GatewayUnknown, GatewayBusy.
 */
export async function reconcile({ database, gateway }: { database: Database; gateway: Gateway }, from: number, to: number): Promise<Reconciliation> {
  const keys = new Set<string>();
  for await (const { paymentKey } of gateway.transactions(from, to)) keys.add(paymentKey);
  for (let after = ""; ;) {
    const page = await database.rows<{ key: string }>(selectSettledKeys(from, to, after, PAGE));
    for (const { key } of page) keys.add(key);
    if (page.length < PAGE) break;
    after = page.at(-1)?.key ?? after;
  }
  const result: Reconciliation = {
    from: iso(from),
    to: iso(to),
    compared: keys.size,
    captured: 0,
    givenBack: 0,
    differenceCount: 0,
    differences: [],
  };
  const all = [...keys].sort();
  for (let i = 0; i < all.length; i += PAGE) await comparePage(all.slice(i, i + PAGE), { database, gateway }, result);
  return result;
}

async function comparePage(keys: string[], { database, gateway }: { database: Database; gateway: Gateway }, result: Reconciliation): Promise<void> {
  const claims = Map.groupBy(await database.rows<Claim>(selectClaims(keys)), (claim) => claim.paymentKey);
  const waiting = [...keys];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
        const found = await gateway.find(key);
        const theirs = bookOf(found);
        if (theirs?.currency === gateway.currency) {
          result.captured += theirs.captured;
          result.givenBack += theirs.givenBack;
        }
        const difference = compare(key, claimOn(claims.get(key) ?? [], found), theirs, gateway.currency);
        if (difference) note(difference, result);
      }
    }),
  );
}

function note(difference: Difference, result: Pick<Reconciliation, "differenceCount" | "differences">): void {
  result.differenceCount++;
  if (result.differences.length < MOST_DIFFERENCES) result.differences.push(difference);
}

/** Of several attempts with one key, the one whose money it can be. */
function claimOn(claims: Claim[], found: GatewayPayment | undefined): Claim | undefined {
  const mine = claims.filter((claim) => found === undefined || claim.gatewayOrderId === found.orderId);
  return mine.find((claim) => claim.captured > 0) ?? mine[0];
}

/** Only what was captured is in a book. */
function bookOf(payment: GatewayPayment | undefined): Difference["gateway"] {
  if (payment === undefined || !["DONE", "PARTIAL_CANCELED", "CANCELED"].includes(payment.status)) return null;
  return { status: payment.status, currency: payment.currency, captured: payment.amount, givenBack: payment.amount - payment.left };
}

/** Pure. @param currency the shop's */
export function compare(paymentKey: string, claim: Claim | undefined, gateway: Difference["gateway"], currency: string): Difference | undefined {
  const shop = claim && { status: claim.status, captured: claim.captured, givenBack: claim.givenBack };
  const differ = (what: Difference["what"]): Difference => ({ what, paymentKey, paymentId: claim?.id ?? null, shop: shop ?? null, gateway });
  const ours = shop && shop.captured > 0 ? shop : null;
  if (!ours && !gateway) return undefined;
  if (!ours) return differ(claim && ["PENDING", "UNKNOWN"].includes(claim.status) ? "still open in the shop" : "only at the gateway");
  if (!gateway) return differ("only in the shop");
  // Money of another currency that failed in the shop is claimed in that currency, and in order once it is back.
  if (gateway.currency !== currency && (ours.status !== "FAILED" || gateway.givenBack < gateway.captured)) return differ("currencies differ");
  if (ours.captured !== gateway.captured) return differ("captured amounts differ");
  return ours.givenBack === gateway.givenBack ? undefined : differ("amounts given back differ");
}
