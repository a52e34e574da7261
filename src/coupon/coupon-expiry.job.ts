import type { Database } from "../database/pool.ts";
import type { Now } from "../database/clock.ts";
import type { Till } from "../till/till.ts";
import { selectExpiredCoupons } from "./coupon.sql.ts";
import { expireCoupon } from "./expire-coupon.ts";

const AT_ONCE = 1000;

/** Marks every coupon whose time is up, through the till like everything else. Answers how many. */
export async function expireDueCoupons({ database, till, now }: { database: Database; till: Till; now: Now }): Promise<number> {
  let expired = 0;
  for (;;) {
    const due = await database.rows<{ id: string }>(selectExpiredCoupons(now(), AT_ONCE));
    const moved = due.length === 0 ? 0 : await till.submit(expireCoupon, { userCouponIds: due.map(({ id }) => id) });
    expired += moved;
    if (moved === 0 || due.length < AT_ONCE) return expired;
  }
}
