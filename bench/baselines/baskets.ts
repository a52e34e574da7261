// What is bought: by whom, which products, with which coupon. The n-th order of a bench is the same for every contender.

import { FIXTURES } from "../support/fixtures.ts";

/** Numbers of a user, of products and of a coupon (`support/ids.ts`). */
export type Basket = { user: number; products: number[]; coupon: number | null };

/** Neighbours in the line are different users: both steps are coprime to the number of users and of products. */
const USER_STEP = 7919;
const PRODUCT_STEP = 331;

const userOf = (n: number): number => (n * USER_STEP) % FIXTURES.users;

/** Everybody buys one piece of the same product. */
export const hot = (n: number): Basket => ({ user: userOf(n), products: [0], coupon: null });

/** One piece of one of a thousand products. */
export const thousand = (n: number): Basket => ({ user: userOf(n), products: [(n * PRODUCT_STEP) % FIXTURES.products], coupon: null });

/** Ten of a thousand products, one piece of each. */
export const tenLines = (n: number): Basket => ({
  user: userOf(n),
  products: Array.from({ length: 10 }, (_, line) => (n * PRODUCT_STEP + line) % FIXTURES.products),
  coupon: null,
});

/** The hot product, each time with another coupon. A coupon is used once: there are enough for a bench. */
export function withCoupon(): (n: number) => Basket {
  let used = 0;
  return () => {
    const coupon = used++;
    if (coupon >= FIXTURES.users * FIXTURES.campaigns) throw new Error("the bench has run out of coupons");
    return { user: coupon % FIXTURES.users, products: [0], coupon };
  };
}
