// The events of a simulated history, as plain data. A number stands for the n-th user, product or order at that time, so that any part
// of a history is a history too. fast-check generates histories from a seed and shrinks failing ones.

import fc from "fast-check";
import type { Discount } from "../../../src/coupon/coupon.ts";
import type { Mishap, Step } from "../../support/memory-store.ts";

export type Request =
  | { ask: "charge"; user: number; amount: number; stale: boolean }
  | { ask: "grant"; users: number[]; amount: number }
  | { ask: "create user"; external: number | null }
  | { ask: "create product"; variants: { price: number; stock: number }[]; forSale: boolean }
  | { ask: "edit product"; product: number; forSale: boolean; price: number | null }
  | { ask: "adjust stock"; variant: number; delta: number }
  | {
      ask: "create campaign";
      discount: Discount;
      total: number;
      opensIn: number;
      closesIn: number | null;
      validDays: number | null;
      expiresIn: number | null;
    }
  | { ask: "edit campaign"; campaign: number; total: number | null; discount: Discount | null; closesIn: number | null }
  | { ask: "issue coupon"; campaign: number; user: number }
  | { ask: "expire coupons" }
  | { ask: "add to cart"; user: number; variant: number; named: boolean; quantity: number }
  | { ask: "set quantity"; user: number; item: number; quantity: number }
  | { ask: "remove from cart"; user: number; item: number }
  | {
      ask: "place order";
      user: number;
      lineItems: { variant: number; named: boolean; quantity: number }[] | null;
      coupon: number | null;
      method: "BALANCE" | "DEFERRED";
      /** Difference of the expected amount to the amount due; null: no expected amount. */
      expects: number | null;
      note: boolean;
    }
  | { ask: "pay order"; order: number; by: number; expects: number | null }
  | { ask: "cancel order"; order: number; by: number }
  | { ask: "refund order"; order: number; items: { item: number; quantity: number }[] | null; restock: boolean }
  | { ask: "expire orders" }
  | GoodsRequest;

/** Parcels, returns, and the erasure of users. */
export type GoodsRequest =
  | { ask: "prepare order"; order: number }
  | { ask: "ship order"; order: number; items: { item: number; quantity: number }[] | null }
  | { ask: "deliver shipment"; shipment: number }
  | { ask: "request return"; order: number; by: number; items: { item: number; quantity: number }[] | null }
  | { ask: "withdraw return"; return: number; by: number }
  | { ask: "reject return"; return: number }
  | { ask: "receive return"; return: number; restock: boolean }
  | { ask: "erase user"; user: number };

export type Event =
  /** `key`: one of a few idempotency keys, so that keys are reused; `at`: the instance. */
  | (Request & { key: number | null; at: number })
  /** A request with a key is repeated. */
  | { again: number; at: number }
  | { pause: number }
  | {
      clock:
        | "a moment"
        | "half an hour"
        | "a day"
        | "a day back"
        | "midnight in Seoul"
        | "before midnight"
        | "leap day"
        | "next deadline"
        | "before next deadline";
    }
  | { mishap: Mishap; at: Step["name"]; times: number }
  | { slow: Step["name"]; ms: number }
  /** An instance is killed and replaced by a new one. */
  | { restart: number };

const some = fc.nat(63);
const fewUnits = fc.integer({ min: 1, max: 4 });
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });
const minutes = (most: number): fc.Arbitrary<number> => fc.integer({ min: -10, max: most }).map((n) => n * 60_000);
const discount: fc.Arbitrary<Discount> = fc.oneof(
  fc.record({ type: fc.constant("FIXED" as const), amount: fc.integer({ min: 1, max: 5000 }), minOrderAmount: fc.integer({ min: 0, max: 3000 }) }),
  fc.record({ type: fc.constant("PERCENTAGE" as const), rate: fc.integer({ min: 1, max: 100 }), maxAmount: fc.integer({ min: 1, max: 2000 }) }),
);
const mostly = fc.nat(7).map((n) => n > 0);
const lineItems = fc.array(fc.record({ variant: some, named: mostly, quantity: fewUnits }), { minLength: 1, maxLength: 4 });

const items = orNull(fc.array(fc.record({ item: fc.nat(4), quantity: fewUnits }), { minLength: 1, maxLength: 3 }));

const expects = rarely(fc.constantFrom(0, 0, 0, 1));

const requests: [weight: number, fc.Arbitrary<Request>][] = [
  [6, fc.record({ ask: fc.constant("charge"), user: some, amount: fc.integer({ min: 1, max: 3000 }), stale: fc.boolean() })],
  [
    1,
    fc.record({
      ask: fc.constant("grant"),
      users: fc.array(some, { minLength: 1, maxLength: 4 }),
      amount: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 4000 }) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 400_000 }) }),
    }),
  ],
  [1, fc.record({ ask: fc.constant("create user"), external: orNull(fc.nat(3)) })],
  [
    1,
    fc.record({
      ask: fc.constant("create product"),
      variants: fc.array(fc.record({ price: fc.nat(3000), stock: fc.nat(20) }), { minLength: 1, maxLength: 3 }),
      forSale: mostly,
    }),
  ],
  [2, fc.record({ ask: fc.constant("edit product"), product: some, forSale: mostly, price: orNull(fc.nat(3000)) })],
  [3, fc.record({ ask: fc.constant("adjust stock"), variant: some, delta: fc.integer({ min: -10, max: 20 }) })],
  [
    1,
    fc.record({
      ask: fc.constant("create campaign"),
      discount,
      total: fc.nat(4),
      opensIn: minutes(30),
      closesIn: orNull(minutes(3000)),
      validDays: orNull(fc.integer({ min: 1, max: 3 })),
      expiresIn: orNull(minutes(3000)),
    }),
  ],
  [
    1,
    fc.record({
      ask: fc.constant("edit campaign"),
      campaign: some,
      total: orNull(fc.nat(6)),
      discount: orNull(discount),
      closesIn: orNull(minutes(3000)),
    }),
  ],
  [6, fc.record({ ask: fc.constant("issue coupon"), campaign: some, user: some })],
  [1, fc.record({ ask: fc.constant("expire coupons") })],
  [5, fc.record({ ask: fc.constant("add to cart"), user: some, variant: some, named: mostly, quantity: fewUnits })],
  [2, fc.record({ ask: fc.constant("set quantity"), user: some, item: some, quantity: fewUnits })],
  [1, fc.record({ ask: fc.constant("remove from cart"), user: some, item: some })],
  [
    16,
    fc.record({
      ask: fc.constant("place order"),
      user: some,
      lineItems: fc.oneof({ weight: 7, arbitrary: lineItems }, { weight: 1, arbitrary: fc.constant(null) }),
      coupon: rarely(some),
      method: fc.constantFrom("BALANCE", "DEFERRED"),
      expects,
      note: fc.boolean(),
    }),
  ],
  [6, fc.record({ ask: fc.constant("pay order"), order: some, by: some, expects })],
  [4, fc.record({ ask: fc.constant("cancel order"), order: some, by: some })],
  [5, fc.record({ ask: fc.constant("refund order"), order: some, items, restock: mostly })],
  [1, fc.record({ ask: fc.constant("expire orders") })],
];
const goods: [weight: number, fc.Arbitrary<Request>][] = [
  [2, fc.record({ ask: fc.constant("prepare order"), order: some })],
  [9, fc.record({ ask: fc.constant("ship order"), order: some, items })],
  [3, fc.record({ ask: fc.constant("deliver shipment"), shipment: some })],
  [6, fc.record({ ask: fc.constant("request return"), order: some, by: some, items })],
  [1, fc.record({ ask: fc.constant("withdraw return"), return: some, by: some })],
  [1, fc.record({ ask: fc.constant("reject return"), return: some })],
  [4, fc.record({ ask: fc.constant("receive return"), return: some, restock: mostly })],
  [2, fc.record({ ask: fc.constant("erase user"), user: some })],
];
const oneOf = (all: typeof requests): fc.Arbitrary<Request> => fc.oneof(...all.map(([weight, arbitrary]) => ({ weight, arbitrary })));
/** Requests that the HTTP model knows, too. */
export const request = oneOf(requests);
const anyRequest = oneOf([...requests, ...goods]);
const steps = fc.constantFrom<Step["name"]>("lock", "commit", "outcome");
const faults = {
  lock: ["timeout", "conflict", "rejected", "unavailable"],
  commit: ["timeout", "conflict", "rejected", "unavailable", "lost but committed", "lost and abandoned"],
  outcome: ["unavailable"],
} as const;
const storeFault = steps.chain((at) =>
  fc.record({
    at: fc.constant(at),
    mishap: fc.constantFrom<Mishap>(...faults[at]),
    times: fc.oneof({ weight: 19, arbitrary: fc.integer({ min: 1, max: 4 }) }, { weight: 1, arbitrary: fc.constant(100) }),
  }),
);

/** Few keys, so that some are used for two requests. */
const key = fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(40) });

export const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 220, arbitrary: fc.tuple(anyRequest, key, fc.nat(1)).map(([asked, key, at]) => ({ ...asked, key, at })) },
  { weight: 6, arbitrary: fc.record({ again: some, at: fc.nat(1) }) },
  { weight: 24, arbitrary: fc.record({ pause: fc.integer({ min: 0, max: 20 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      clock: fc.constantFrom(
        "a moment",
        "half an hour",
        "a day",
        "a day back",
        "midnight in Seoul",
        "before midnight",
        "leap day",
        "next deadline",
        "before next deadline",
      ),
    }),
  },
  { weight: 4, arbitrary: storeFault },
  { weight: 6, arbitrary: fc.record({ slow: steps, ms: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ restart: fc.nat(1) }) },
);
