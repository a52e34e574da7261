// Reconciliation: compares the gateway's ledger with the shop's and names every difference.

import { concurrently } from "../concurrently.ts";
import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { type Gateway, type GatewayPayment, type GatewayTransaction, GatewayUnknown } from "../gateway/gateway.ts";
import { compareSettlements, SETTLEMENT_DIFFERENCES, type Settled, type SettlementSums } from "./compare-settlements.ts";
import { ignoreGatewayError } from "./outcome.ts";
import { type Claim, selectClaims, selectSettledKeys } from "./reconcile.sql.ts";

const NOT_READABLE = "not readable at the gateway";

export const DIFFERENCES = [
  "only at the gateway",
  "only in the shop",
  "captured amounts differ",
  "amounts given back differ",
  "still open in the shop",
  "currencies differ",
  NOT_READABLE,
  ...SETTLEMENT_DIFFERENCES,
] as const;

export type Difference = {
  what: (typeof DIFFERENCES)[number];
  paymentKey: string;
  paymentId: string | null;
  shop: { status: string; captured: number; givenBack: number } | null;
  /** In minor units of `currency`, which may differ from the shop's. */
  gateway: { status: string; currency: string; captured: number; givenBack: number } | null;
  /** The settlement that differs from the gateway's ledger. */
  settlement?: Settled;
};

export type Reconciliation = {
  from: string;
  to: string;
  compared: number;
  captured: number;
  givenBack: number;
  /** Null if the gateway has none. */
  settlements: SettlementSums | null;
  differenceCount: number;
  differences: Difference[];
};

const PAGE_SIZE = 500;
const CONCURRENCY = 8;
const MOST_FAILED_IN_A_ROW = 20;
/** Most differences in one answer: after a wrong period or a lost database every payment can be one. */
const MOST_DIFFERENCES = 1000;
const DAY_MS = 86_400_000;
/** The gateway's clock may be ahead of the shop's, so the default period ends a little later than now. */
const CLOCK_SKEW_MS = 60_000;

/** The period from `from` up to but not including `to`, by default the last 24 hours. In ms. */
export function reconciledPeriod(from: number | null, to: number | null, now: number): { from: number; to: number } {
  const end = to ?? now + CLOCK_SKEW_MS;
  return { from: from ?? end - DAY_MS, to: end };
}

export type ReconcileParts = {
  database: Database;
  gateway: Gateway;
  /** Books money that went back at the gateway without the shop; unset: it is only named. */
  book?: (paymentKey: string) => Promise<void>;
  /** In ms: no settlement is later. */
  now: number;
};

/**
 * Compares every payment and charge that moved at the gateway, or was settled in the shop, from `from` up to but not including `to`,
 * in ms. The period only selects them. Each is compared as it is now, so an event at the edge of the period is no difference.
 * Errors: GatewayUnknown, GatewayBusy.
 */
export async function reconcile({ database, gateway, book, now }: ReconcileParts, from: number, to: number): Promise<Reconciliation> {
  const keys = new Set<string>();
  const movements = new Map<string, GatewayTransaction>();
  let unnamed = 0;
  for await (const movement of gateway.transactions(from, to)) {
    if (movement.transactionKey !== "") movements.set(movement.transactionKey, movement);
    if (movement.paymentKey === "") unnamed++;
    else keys.add(movement.paymentKey);
  }
  for (let after = ""; ;) {
    const page = await database.rows<{ key: string }>(selectSettledKeys(from, to, after, PAGE_SIZE));
    for (const { key } of page) keys.add(key);
    if (page.length < PAGE_SIZE) break;
    after = page.at(-1)?.key ?? after;
  }
  const result: Reconciliation = {
    from: iso(from),
    to: iso(to),
    compared: keys.size,
    captured: 0,
    givenBack: 0,
    settlements: null,
    differenceCount: 0,
    differences: [],
  };
  for (; unnamed > 0; unnamed--) add(result, { what: NOT_READABLE, gateway: null, paymentKey: "", paymentId: null, shop: null });
  const sorted = [...keys].sort();
  const lookUp = lookUps(gateway);
  for (let i = 0; i < sorted.length; i += PAGE_SIZE) await comparePage(sorted.slice(i, i + PAGE_SIZE), { database, gateway, book, lookUp }, result);
  const settled = await compareSettlements(gateway, movements, { from, to, now });
  result.settlements = settled?.sums ?? null;
  for (const { what, paymentKey, settlement } of settled?.differences ?? [])
    add(result, { what, paymentKey, paymentId: null, shop: null, gateway: null, settlement });
  return result;
}

type PageParts = Pick<ReconcileParts, "database" | "gateway"> & { book: ReconcileParts["book"] | undefined; lookUp: LookUp };

async function comparePage(keys: string[], { database, gateway, book, lookUp }: PageParts, result: Reconciliation): Promise<void> {
  const claims = Map.groupBy(await database.rows<Claim>(selectClaims(keys)), (claim) => claim.paymentKey);
  await concurrently(keys, CONCURRENCY, async (key) => {
    const payment = await lookUp(key);
    if (payment === NOT_READABLE) {
      const claim = claimOf(claims.get(key) ?? [], undefined);
      return add(result, { what: NOT_READABLE, gateway: null, paymentKey: key, paymentId: claim?.id ?? null, shop: claim ? shopSide(claim) : null });
    }
    const theirs = gatewaySide(payment);
    if (theirs?.currency === gateway.currency) {
      result.captured += theirs.captured;
      result.givenBack += theirs.givenBack;
    }
    let difference = compare(key, claimOf(claims.get(key) ?? [], payment), theirs, gateway.currency);
    if (book && (difference?.what === "amounts given back differ" || difference?.what === "only in the shop")) {
      // A payment that cannot be booked stays a difference, and hides no other.
      await book(key).catch(ignoreGatewayError);
      difference = compare(key, claimOf(await database.rows<Claim>(selectClaims([key])), payment), theirs, gateway.currency);
    }
    if (difference) add(result, difference);
  });
}

type LookUp = (paymentKey: string) => Promise<GatewayPayment | undefined | typeof NOT_READABLE>;

/**
 * Looks payments up. One that cannot be looked up or read does not hide the others.
 * Errors of the look-up: GatewayUnknown, if so many in a row have failed that the whole gateway does; GatewayBusy.
 */
function lookUps(gateway: Gateway): LookUp {
  let failedInARow = 0;
  return async (key) => {
    try {
      const payment = await gateway.find(key);
      failedInARow = 0;
      return payment?.status === "UNRECOGNIZED" ? NOT_READABLE : payment;
    } catch (error) {
      if (!(error instanceof GatewayUnknown)) throw error;
      if (error.gatewayFailed && ++failedInARow >= MOST_FAILED_IN_A_ROW) throw error;
      return NOT_READABLE;
    }
  };
}

function add(result: Reconciliation, difference: Difference): void {
  result.differenceCount++;
  if (result.differences.length < MOST_DIFFERENCES) result.differences.push(difference);
}

function shopSide({ status, captured, givenBack }: Claim): Difference["shop"] {
  return { status, captured, givenBack };
}

/** The attempt that the money can belong to, if several share a payment key. */
function claimOf(claims: Claim[], payment: GatewayPayment | undefined): Claim | undefined {
  const ofOrder = claims.filter((claim) => payment === undefined || claim.gatewayOrderId === payment.orderId);
  return ofOrder.find((claim) => claim.captured > 0) ?? ofOrder[0];
}

/** Null for a payment that was never captured. */
function gatewaySide(payment: GatewayPayment | undefined): Difference["gateway"] {
  if (payment === undefined || !["DONE", "PARTIAL_CANCELED", "CANCELED"].includes(payment.status)) return null;
  return { status: payment.status, currency: payment.currency, captured: payment.amount, givenBack: payment.amount - payment.left };
}

/** Compares both sides of one payment. Pure. @param currency the shop's */
export function compare(paymentKey: string, claim: Claim | undefined, gateway: Difference["gateway"], currency: string): Difference | undefined {
  const shop = claim && shopSide(claim);
  const differ = (what: Difference["what"]): Difference => ({ what, paymentKey, paymentId: claim?.id ?? null, shop: shop ?? null, gateway });
  const ours = shop && shop.captured > 0 ? shop : null;
  if (!ours && !gateway) return undefined;
  // The gateway keeps nothing of a payment that failed in the shop, so both agree.
  if (!ours && claim?.status === "FAILED" && gateway?.givenBack === gateway?.captured) return undefined;
  if (!ours)
    return differ(claim && ["PENDING", "UNKNOWN", "WAITING_FOR_DEPOSIT"].includes(claim.status) ? "still open in the shop" : "only at the gateway");
  // A deposit that the bank has taken back, of an order that is refunded.
  if (!gateway) return ours.captured === ours.givenBack ? undefined : differ("only in the shop");
  // A failed capture in another currency is claimed in that currency. It is no difference once all of it has gone back.
  if (gateway.currency !== currency && (ours.status !== "FAILED" || gateway.givenBack < gateway.captured)) return differ("currencies differ");
  if (ours.captured !== gateway.captured) return differ("captured amounts differ");
  return ours.givenBack === gateway.givenBack ? undefined : differ("amounts given back differ");
}
