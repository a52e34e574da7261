import type { Database } from "../database/pool.ts";
import type { Now } from "../database/clock.ts";
import type { Till } from "../till/till.ts";
import { selectExpiredCoupons } from "./coupon.sql.ts";
import { expireCoupon } from "./expire-coupon.ts";

const BATCH_SIZE = 1000;

/** Marks all expired coupons, through the till. Returns how many it marked. */
export async function expireCoupons({ database, till, now }: { database: Database; till: Till; now: Now }): Promise<number> {
  let total = 0;
  for (;;) {
    const due = await database.rows<{ id: string }>(selectExpiredCoupons(now(), BATCH_SIZE));
    const expired = due.length === 0 ? 0 : await till.submit(expireCoupon, { userCouponIds: due.map(({ id }) => id) });
    total += expired;
    if (expired === 0 || due.length < BATCH_SIZE) return total;
  }
}
