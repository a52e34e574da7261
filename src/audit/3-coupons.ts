import type { Check } from "./check.ts";

/**
 * Orders `o` that use their coupon: paid and not fully refunded, or pending with an open payment.
 */
const USING = `(o.status IN ('COMPLETED', 'PARTIALLY_REFUNDED')
  OR (o.status = 'PENDING' AND (o.holds_stock OR EXISTS (SELECT FROM payments p WHERE p.order_id = o.id AND p.status IN ('PENDING', 'UNKNOWN', 'WAITING_FOR_DEPOSIT')))))`;

/** Per campaign: issued = user coupons ≤ total; one per user at most; used ⇔ one order uses it. */
export const coupons: Check[] = [
  {
    invariant: 3,
    what: "a campaign's issued quantity is not the number of its coupons, or exceeds the total",
    sql: `SELECT c.id AS "couponId", coalesce(u.count, 0) AS expected, c.issued_quantity AS actual, c.total_quantity AS "totalQuantity"
          FROM campaigns c LEFT JOIN (SELECT campaign_id, count(*) AS count FROM user_coupons GROUP BY campaign_id) u ON u.campaign_id = c.id
          WHERE c.issued_quantity <> coalesce(u.count, 0) OR c.issued_quantity > c.total_quantity`,
  },
  {
    invariant: 3,
    what: "a user has more than one coupon of a campaign",
    sql: `SELECT campaign_id AS "couponId", user_id AS "userId", 1 AS expected, count(*) AS actual FROM user_coupons GROUP BY campaign_id, user_id HAVING count(*) > 1`,
  },
  {
    invariant: 3,
    what: "a used coupon's order does not use it",
    sql: `SELECT u.id AS "userCouponId", u.order_id AS "orderId", u.id AS expected, o.user_coupon_id AS actual
          FROM user_coupons u LEFT JOIN orders o ON o.id = u.order_id AND ${USING}
          WHERE u.status = 'USED' AND o.user_coupon_id IS DISTINCT FROM u.id`,
  },
  {
    invariant: 3,
    what: "an order uses a coupon that is not used, or is used by another order, or is another user's",
    sql: `SELECT o.id AS "orderId", o.user_coupon_id AS "userCouponId", o.id AS expected, u.order_id AS actual
          FROM orders o LEFT JOIN user_coupons u ON u.id = o.user_coupon_id
          WHERE o.user_coupon_id IS NOT NULL AND ((${USING} AND u.order_id IS DISTINCT FROM o.id) OR u.user_id IS DISTINCT FROM o.user_id)`,
  },
  {
    invariant: 3,
    what: "a coupon is of a campaign or a user that does not exist",
    sql: `SELECT u.id AS "userCouponId", u.campaign_id AS "couponId", u.user_id AS "userId"
          FROM user_coupons u LEFT JOIN campaigns c ON c.id = u.campaign_id LEFT JOIN users b ON b.id = u.user_id WHERE c.id IS NULL OR b.id IS NULL`,
  },
];
