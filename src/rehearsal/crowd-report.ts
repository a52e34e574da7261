// Computes a crowd's report from its requests. Pure functions.

import { type Buckets, Latency, percentiles } from "../live/latency.ts";
import type { CrowdReport, Order, Side } from "./rehearsal.ts";

/** One buyer's request with its retries. Times are in ms by the crowd's own clock: the first try's start, the last try's response. */
export type CrowdRequest = {
  sentAt: number;
  answeredAt: number;
  /** Null for a success. */
  refusal: string | null;
  tries: number;
  /** The id of the created row if ids tell the order of service, otherwise null. */
  id: string | null;
};

/** In a drop with holds units come back, so later buyers may succeed rightly. */
const NOTHING_LEFT = new Set(["COUPON_SOLD_OUT", "STOCK_INSUFFICIENT", "DROP_SOLD_OUT"]);
const MAY_COME_BACK: ReadonlySet<string> = new Set();
const MAX_POINTS = 120;
const INTERVALS_MS = [100, 250, 500, 1000, 2000, 5000, 10_000];

type Crowd = {
  claims: CrowdRequest[] | null;
  orders: CrowdRequest[] | null;
  entries?: CrowdRequest[] | null;
  manyAccounts?: CrowdReport["manyAccounts"];
};

/** @param openedAt when the drop opened, by the crowd's clock */
export function crowdReport(openedAt: number, { claims, orders, entries = null, manyAccounts = null }: Crowd): CrowdReport {
  const all = [...(claims ?? []), ...(orders ?? []), ...(entries ?? [])];
  const tookMs = Math.round(all.reduce((latest, { answeredAt }) => Math.max(latest, answeredAt), openedAt) - openedAt);
  return {
    tookMs,
    claims: claims && sideOf(claims),
    orders: orders && sideOf(orders),
    entries: entries && sideOf(entries, MAY_COME_BACK),
    manyAccounts,
    timeline: timelineOf(openedAt, tookMs, claims ?? [], orders ?? []),
  };
}

function sideOf(requests: CrowdRequest[], nothingLeft: ReadonlySet<string> = NOTHING_LEFT): Side {
  const refusals = requests.flatMap(({ refusal }) => (refusal === null ? [] : [refusal]));
  return {
    asked: requests.length,
    succeeded: requests.length - refusals.length,
    refusedBy: Object.fromEntries([...Map.groupBy(refusals, (code) => code)].map(([code, group]) => [code, group.length])),
    askedAgain: requests.reduce((sum, { tries }) => sum + tries - 1, 0),
    latencyMs: percentiles([bucketsOf(requests)]),
    order: orderOf(requests, nothingLeft),
  };
}

export function orderOf(requests: CrowdRequest[], nothingLeft: ReadonlySet<string> = NOTHING_LEFT): Order {
  const succeeded = requests.filter(({ refusal }) => refusal === null).sort((a, b) => a.sentAt - b.sentAt);
  let firstSoldOutAt = Number.POSITIVE_INFINITY;
  for (const { refusal, answeredAt } of requests)
    if (refusal !== null && nothingLeft.has(refusal)) firstSoldOutAt = Math.min(firstSoldOutAt, answeredAt);
  // Retried requests are left out: their place is that of their last try, whose sending time is not recorded.
  const unretried = succeeded.filter(({ tries }) => tries === 1);
  const served = unretried.toSorted((a, b) => ((a.id ?? "") < (b.id ?? "") ? -1 : 1));
  const placeOf = new Map(served.map((request, place) => [request, place]));
  const isOrdered = unretried.length > 0 && unretried.every(({ id }) => id !== null);
  return {
    outOfOrder: succeeded.filter(({ sentAt }) => sentAt > firstSoldOutAt).length,
    farthest: isOrdered ? unretried.reduce((most, request, place) => Math.max(most, Math.abs(place - (placeOf.get(request) as number))), 0) : null,
  };
}

function timelineOf(openedAt: number, tookMs: number, claims: CrowdRequest[], orders: CrowdRequest[]): CrowdReport["timeline"] {
  const stretchMs = INTERVALS_MS.find((interval) => tookMs / interval <= MAX_POINTS) ?? Math.ceil(tookMs / MAX_POINTS);
  const indexOf = ({ answeredAt }: CrowdRequest): number => Math.max(0, Math.floor((answeredAt - openedAt) / stretchMs));
  const [claimsBy, ordersBy] = [Map.groupBy(claims, indexOf), Map.groupBy(orders, indexOf)];
  const points = Array.from({ length: Math.floor(tookMs / stretchMs) + 1 }, (_, index) => {
    const [claimed, ordered] = [claimsBy.get(index) ?? [], ordersBy.get(index) ?? []];
    const both = [...claimed, ...ordered];
    const times = percentiles([bucketsOf(both)]);
    return {
      claims: claimed.filter(({ refusal }) => refusal === null).length,
      orders: ordered.filter(({ refusal }) => refusal === null).length,
      refused: both.filter(({ refusal }) => refusal !== null).length,
      p50: times?.p50 ?? null,
      p99: times?.p99 ?? null,
    };
  });
  return { stretchMs, points };
}

function bucketsOf(requests: CrowdRequest[]): Buckets {
  const latency = new Latency();
  for (const { sentAt, answeredAt } of requests) latency.add(answeredAt - sentAt);
  return latency.take();
}
