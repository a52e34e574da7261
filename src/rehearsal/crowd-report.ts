// What came of a crowd's requests. Pure.

import { type Buckets, Latency, percentiles } from "../live/latency.ts";
import type { CrowdReport, Order, Side } from "./rehearsal.ts";

/** One buyer's request, by the crowd's own clock in ms; the first try's beginning, the last one's answer. */
export type Asked = {
  sentAt: number;
  answeredAt: number;
  /** Null where it was granted. */
  refusal: string | null;
  tries: number;
  /** Of what was granted, where it tells the order in which the shop granted it. */
  id: string | null;
};

const NOTHING_LEFT = new Set(["COUPON_SOLD_OUT", "STOCK_INSUFFICIENT"]);
const MOST_POINTS = 120;
const STRETCHES_MS = [100, 250, 500, 1000, 2000, 5000, 10_000];

/** @param openedAt when the drop opened */
export function crowdReport(openedAt: number, claims: Asked[] | null, orders: Asked[] | null): CrowdReport {
  const all = [...(claims ?? []), ...(orders ?? [])];
  const tookMs = Math.round(all.reduce((latest, { answeredAt }) => Math.max(latest, answeredAt), openedAt) - openedAt);
  return {
    tookMs,
    claims: claims && sideOf(claims),
    orders: orders && sideOf(orders),
    timeline: timelineOf(openedAt, tookMs, claims ?? [], orders ?? []),
  };
}

function sideOf(asked: Asked[]): Side {
  const refused = asked.flatMap(({ refusal }) => (refusal === null ? [] : [refusal]));
  return {
    asked: asked.length,
    succeeded: asked.length - refused.length,
    refusedBy: Object.fromEntries([...Map.groupBy(refused, (code) => code)].map(([code, each]) => [code, each.length])),
    askedAgain: asked.reduce((sum, { tries }) => sum + tries - 1, 0),
    latencyMs: percentiles([bucketsOf(asked)]),
    order: orderOf(asked),
  };
}

export function orderOf(asked: Asked[]): Order {
  const granted = asked.filter(({ refusal }) => refusal === null).sort((a, b) => a.sentAt - b.sentAt);
  let firstTold = Number.POSITIVE_INFINITY;
  for (const { refusal, answeredAt } of asked) if (refusal !== null && NOTHING_LEFT.has(refusal)) firstTold = Math.min(firstTold, answeredAt);
  // Whoever had to ask again stands where the last try stood: nothing is known of the order among those.
  const once = granted.filter(({ tries }) => tries === 1);
  const places = new Map(once.toSorted((a, b) => ((a.id ?? "") < (b.id ?? "") ? -1 : 1)).map((one, place) => [one, place]));
  const ordered = once.length > 0 && once.every(({ id }) => id !== null);
  return {
    outOfOrder: granted.filter(({ sentAt }) => sentAt > firstTold).length,
    farthest: ordered ? once.reduce((most, one, place) => Math.max(most, Math.abs(place - (places.get(one) as number))), 0) : null,
  };
}

function timelineOf(openedAt: number, tookMs: number, claims: Asked[], orders: Asked[]): CrowdReport["timeline"] {
  const stretchMs = STRETCHES_MS.find((stretch) => tookMs / stretch <= MOST_POINTS) ?? Math.ceil(tookMs / MOST_POINTS);
  const placeOf = ({ answeredAt }: Asked): number => Math.max(0, Math.floor((answeredAt - openedAt) / stretchMs));
  const [claimsBy, ordersBy] = [Map.groupBy(claims, placeOf), Map.groupBy(orders, placeOf)];
  const points = Array.from({ length: Math.floor(tookMs / stretchMs) + 1 }, (_, place) => {
    const [claimed, ordered] = [claimsBy.get(place) ?? [], ordersBy.get(place) ?? []];
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

function bucketsOf(asked: Asked[]): Buckets {
  const latency = new Latency();
  for (const { sentAt, answeredAt } of asked) latency.add(answeredAt - sentAt);
  return latency.take();
}
