// The orders that a bench places. The n-th order is the same for every baseline.

import { FIXTURES } from "../support/fixtures.ts";

/** Numbers of the user, the products and the coupon (`support/ids.ts`). */
export type BenchOrder = { user: number; products: number[]; coupon: number | null };

/** Consecutive orders are of different users and products: the steps are coprime to the numbers of users and products. */
const USER_STEP = 7919;
const PRODUCT_STEP = 331;

const userOf = (n: number): number => (n * USER_STEP) % FIXTURES.users;

/** One unit of one and the same product. */
export const hot = (n: number): BenchOrder => ({ user: userOf(n), products: [0], coupon: null });

/** One unit of one of a thousand products. */
export const thousand = (n: number): BenchOrder => ({ user: userOf(n), products: [(n * PRODUCT_STEP) % FIXTURES.products], coupon: null });

/** Ten of a thousand products, one unit each. */
export const tenItems = (n: number): BenchOrder => ({
  user: userOf(n),
  products: Array.from({ length: 10 }, (_, line) => (n * PRODUCT_STEP + line) % FIXTURES.products),
  coupon: null,
});

/** The hot product with a coupon. Each coupon is used once, and the fixtures have enough of them. */
export function withCoupon(): (n: number) => BenchOrder {
  let used = 0;
  return () => {
    const coupon = used++;
    if (coupon >= FIXTURES.users * FIXTURES.campaigns) throw new Error("the bench has run out of coupons");
    return { user: coupon % FIXTURES.users, products: [0], coupon };
  };
}
