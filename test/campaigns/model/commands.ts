// The commands of a sequence, as fast-check generates and shrinks them. A number stands for the n-th user, product or order at that time.

import fc from "fast-check";
import { type Request, request } from "../simulation/history.ts";
import { VIEWS } from "./views.ts";
import type { Environment, Sending } from "./environment.ts";

/** For the report of a failure. */
type Description = { does: string } & Record<string, unknown>;

/** One or a few requests and the check of their responses. The environment holds the model and the shops. */
class Command implements fc.AsyncCommand<object, Environment> {
  readonly #description: Description;
  readonly #run: (environment: Environment) => Promise<void>;

  constructor(description: Description, run: (environment: Environment) => Promise<void>) {
    this.#description = description;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  run(_: object, environment: Environment): Promise<void> {
    return this.#run(environment);
  }

  toString(): string {
    return `\n  ${JSON.stringify(this.#description)}`;
  }
}

const some = fc.nat(63);
const at = fc.constantFrom<0 | 1>(0, 1);
const repeat = fc.oneof(
  { weight: 5, arbitrary: fc.constant("no key" as const) },
  { weight: 3, arbitrary: fc.constantFrom("once" as const, "repeated" as const, "concurrently" as const) },
);
const sending: fc.Arbitrary<Sending> = fc.record({ at, repeat });

/** The simulation also generates expiries, which are jobs here. */
const requested = fc.tuple(request, sending, fc.option(fc.integer({ min: 0, max: 4 }), { nil: null, freq: 6 })).map(([what, sent, daysAgo]) => {
  if (what.ask === "expire orders" || what.ask === "expire coupons") return expiry(what.ask === "expire orders" ? "orders" : "coupons", sent.at);
  const orderedDaysAgo = what.ask === "place order" ? daysAgo : null;
  return new Command({ does: what.ask, ...what, ...sent, orderedDaysAgo }, (environment) => environment.request(what, sent, { orderedDaysAgo }));
});

/** Payments, mostly of pending orders. */
const paid = fc
  .tuple(some, fc.nat(8), sending, fc.constantFrom<(undefined | "approved" | "declined")[]>(undefined, "approved", "approved", "declined"))
  .map(([order, by, sent, card]) => {
    const what = (environment: Environment): Request => ({
      ask: "pay order",
      order: order % 8 === 0 ? order : environment.unpaid(order),
      by,
      expects: order % 4 === 0 ? 0 : null,
    });
    return new Command({ does: "pay", order, by, card: card ?? "none", ...sent }, (environment) =>
      environment.request(what(environment), sent, card === undefined ? {} : { card }),
    );
  });

const repeated = fc.tuple(some, at).map(([n, where]) => new Command({ does: "repeat", n, at: where }, (environment) => environment.repeat(n, where)));

const waiting = fc
  .constantFrom(1, 31, 31, 26 * 60)
  .map((minutes) => new Command({ does: "wait", minutes }, async ({ clock }) => clock.forward(minutes * 60_000)));

const expiring = fc.tuple(fc.constantFrom("orders" as const, "coupons" as const), at).map(([what, where]) => expiry(what, where));

function expiry(what: "orders" | "coupons", where: 0 | 1): Command {
  return new Command({ does: "expire", what, at: where }, (environment) => environment.expire(what, where));
}

const emptied = fc
  .tuple(some, at)
  .map(([user, where]) => new Command({ does: "empty cart", user, at: where }, (environment) => environment.emptyCart(user, where)));

const announced = fc
  .tuple(some, fc.oneof(fc.integer({ min: 1, max: 4000 }), fc.constant(999_000)), at)
  .map(
    ([user, amount, where]) =>
      new Command({ does: "open charge", user, amount, at: where }, (environment) => environment.openCharge(user, amount, where)),
  );

const voided = fc
  .tuple(some, at)
  .map(([campaign, where]) => new Command({ does: "void", campaign, at: where }, (environment) => environment.voidCampaign(campaign, where)));

const revoked = fc
  .tuple(some, fc.integer({ min: 1, max: 6000 }), at)
  .map(([user, amount, where]) => new Command({ does: "revoke", user, amount, at: where }, (environment) => environment.revoke(user, amount, where)));

const viewed = fc
  .tuple(fc.nat(VIEWS.length - 1), at)
  .map(
    ([view, where]) =>
      new Command({ does: "view", at: VIEWS[view]?.name, through: where }, (environment) => VIEWS[view]?.(environment, where) ?? Promise.resolve()),
  );

export const COMMANDS: fc.Arbitrary<fc.AsyncCommand<object, Environment>>[] = [
  ...Array.from({ length: 12 }, () => requested),
  paid,
  paid,
  paid,
  repeated,
  waiting,
  expiring,
  emptied,
  announced,
  voided,
  revoked,
  viewed,
];

const PLAIN: Sending = { at: 0, repeat: "no key" };
const PRELUDE: Request[] = [
  { ask: "create user", external: null },
  { ask: "create user", external: 0 },
  { ask: "create user", external: null },
  { ask: "create product", variants: [{ price: 1000, stock: 20 }], forSale: true },
  {
    ask: "create product",
    variants: [
      { price: 700, stock: 10 },
      { price: 333, stock: 4 },
    ],
    forSale: true,
  },
  { ask: "create campaign", discount: { type: "FIXED", amount: 500 }, total: 2, opensIn: 0, closesIn: null, validDays: 1, expiresIn: null },
  { ask: "create campaign", discount: { type: "PERCENTAGE", rate: 33 }, total: 3, opensIn: 0, closesIn: null, validDays: null, expiresIn: null },
  { ask: "edit campaign", campaign: 0, total: 3, discount: null, closesIn: null },
  { ask: "grant", users: [0, 1, 2], amount: 8000 },
  { ask: "issue coupon", campaign: 1, user: 0 },
  { ask: "issue coupon", campaign: 0, user: 1 },
  {
    ask: "place order",
    user: 1,
    lineItems: [
      { variant: 0, named: true, quantity: 3 },
      { variant: 2, named: true, quantity: 2 },
    ],
    coupon: 0,
    method: "BALANCE",
    expects: 0,
    note: true,
  },
  { ask: "place order", user: 2, lineItems: [{ variant: 0, named: false, quantity: 2 }], coupon: 1, method: "DEFERRED", expects: null, note: true },
  { ask: "add to cart", user: 0, variant: 0, named: true, quantity: 1 },
  { ask: "remove from cart", user: 0, item: 0 },
  { ask: "add to cart", user: 1, variant: 1, named: true, quantity: 1 },
];

/** The start of every sequence: users, products, coupons, a paid and an unpaid order. */
export async function prepare(environment: Environment): Promise<void> {
  for (const what of PRELUDE) await environment.request(what, PLAIN);
}
