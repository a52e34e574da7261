// What a sequence is made of, as fast-check draws and shrinks it: numbers stand for the n-th user, product, order that there is by then.

import fc from "fast-check";
import { type Ask, ask } from "../simulation/history.ts";
import { VIEWS } from "./views.ts";
import type { How, World } from "./world.ts";

type Does = { does: string } & Record<string, unknown>;

/** One request or a few, and what they must come to. The model is in the world, beside the shops. */
class Command implements fc.AsyncCommand<object, World> {
  readonly #does: Does;
  readonly #run: (world: World) => Promise<void>;

  constructor(does: Does, run: (world: World) => Promise<void>) {
    this.#does = does;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  run(_: object, world: World): Promise<void> {
    return this.#run(world);
  }

  toString(): string {
    return `\n  ${JSON.stringify(this.#does)}`;
  }
}

const some = fc.nat(63);
const at = fc.constantFrom<0 | 1>(0, 1);
const repeat = fc.oneof(
  { weight: 5, arbitrary: fc.constant("no key" as const) },
  { weight: 3, arbitrary: fc.constantFrom("once" as const, "again" as const, "at both" as const) },
);
const how: fc.Arbitrary<How> = fc.record({ at, repeat });

/** The simulation draws the expiry of what is over as well: here that is a job. */
const asked = fc.tuple(ask, how, fc.option(fc.integer({ min: 0, max: 4 }), { nil: null, freq: 6 })).map(([what, sent, daysAgo]) => {
  if (what.ask === "expire orders" || what.ask === "expire coupons") return expiry(what.ask === "expire orders" ? "orders" : "coupons", sent.at);
  const orderedDaysAgo = what.ask === "place order" ? daysAgo : null;
  return new Command({ does: what.ask, ...what, ...sent, orderedDaysAgo }, (world) => world.ask(what, sent, { orderedDaysAgo }));
});

/** Mostly of an order that waits for its payment. */
const paid = fc
  .tuple(some, fc.nat(8), how, fc.constantFrom<(undefined | "approved" | "declined")[]>(undefined, "approved", "approved", "declined"))
  .map(([order, by, sent, card]) => {
    const what = (world: World): Ask => ({
      ask: "pay order",
      order: order % 8 === 0 ? order : world.unpaid(order),
      by,
      expects: order % 4 === 0 ? 0 : null,
    });
    return new Command({ does: "pay", order, by, card: card ?? "none", ...sent }, (world) =>
      world.ask(what(world), sent, card === undefined ? {} : { card }),
    );
  });

const repeated = fc.tuple(some, at).map(([n, where]) => new Command({ does: "repeat", n, at: where }, (world) => world.repeat(n, where)));

const later = fc
  .constantFrom(1, 31, 31, 26 * 60)
  .map((minutes) => new Command({ does: "wait", minutes }, async ({ clock }) => clock.forward(minutes * 60_000)));

const expiring = fc.tuple(fc.constantFrom("orders" as const, "coupons" as const), at).map(([what, where]) => expiry(what, where));

function expiry(what: "orders" | "coupons", where: 0 | 1): Command {
  return new Command({ does: "expire", what, at: where }, (world) => world.expire(what, where));
}

const look = fc
  .tuple(fc.nat(VIEWS.length - 1), at)
  .map(
    ([view, where]) =>
      new Command({ does: "look", at: VIEWS[view]?.name, through: where }, (world) => VIEWS[view]?.(world, where) ?? Promise.resolve()),
  );

export const COMMANDS: fc.Arbitrary<fc.AsyncCommand<object, World>>[] = [
  ...Array.from({ length: 12 }, () => asked),
  paid,
  paid,
  paid,
  repeated,
  later,
  expiring,
  look,
];

const none: How = { at: 0, repeat: "no key" };
const PRELUDE: Ask[] = [
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
  { ask: "grant", users: [0, 1, 2], amount: 8000 },
  { ask: "issue coupon", campaign: 1, user: 0 },
  { ask: "issue coupon", campaign: 0, user: 1 },
  {
    ask: "place order",
    user: 1,
    articles: [
      { variant: 0, named: true, quantity: 3 },
      { variant: 2, named: true, quantity: 2 },
    ],
    coupon: 0,
    method: "BALANCE",
    expects: 0,
  },
  { ask: "place order", user: 2, articles: [{ variant: 0, named: false, quantity: 2 }], coupon: 1, method: "DEFERRED", expects: null },
  { ask: "add to cart", user: 0, variant: 0, named: true, quantity: 1 },
  { ask: "remove from cart", user: 0, item: 0 },
  { ask: "add to cart", user: 1, variant: 1, named: true, quantity: 1 },
];

/** Every sequence begins with a few people, things to buy, coupons in their hands, an order that is paid and one that is not. */
export async function begin(world: World): Promise<void> {
  for (const what of PRELUDE) await world.ask(what, none);
}
