import { type Page, pageColumns } from "../database/batched-pages.ts";
import { uuidArray } from "../database/binary-arrays.ts";
import { arrayOf, iso, type Statement, timestampArray } from "../database/statement.ts";
import type { Change, Table } from "../till/table.ts";
import { discountOf } from "./campaign.sql.ts";
import type { UserCoupon } from "./coupon.ts";

const USER_COUPON = `uc.id, uc.campaign_id AS "couponId", uc.user_id AS "userId", uc.status, uc.issued_at AS "issuedAt", uc.expires_at AS "expiresAt",
  uc.used_at AS "usedAt", uc.voided_at AS "voidedAt", uc.order_id AS "orderId", c.discount_type, c.discount_value, c.max_amount, c.min_order_amount`;

/** Users' coupons, locked. The joined discount cannot change after the first coupon is issued. */
export const userCoupons: Table<UserCoupon> = {
  name: "user coupons",
  load: (ids) => ({
    name: "lock user coupons",
    text: `SELECT ${USER_COUPON} FROM user_coupons uc JOIN campaigns c ON c.id = uc.campaign_id
           WHERE uc.id = ANY($1::uuid[]) ORDER BY uc.id FOR NO KEY UPDATE OF uc`,
    values: [uuidArray(ids, (id) => id)],
  }),
  read(row) {
    const coupon = userCouponOf(row);
    return [coupon.id, coupon];
  },
  save(changes) {
    const issued = changes.filter((change) => change.before === undefined);
    const used = changes.filter((change) => change.before !== undefined);
    return [...(issued.length > 0 ? [insertUserCoupons(issued)] : []), ...(used.length > 0 ? [updateUserCoupons(used)] : [])];
  },
};

/** A user's coupon from a record with the columns above. */
export function userCouponOf(row: Record<string, unknown>): UserCoupon {
  const { id, couponId, userId, status, issuedAt, expiresAt, usedAt, voidedAt, orderId } = row as UserCoupon;
  return { id, couponId, userId, status, issuedAt, expiresAt, usedAt, voidedAt, orderId, discount: discountOf(row) };
}

function insertUserCoupons(changes: Change<UserCoupon>[]): Statement {
  return {
    name: "insert user coupons",
    text: `INSERT INTO user_coupons (id, campaign_id, user_id, status, issued_at, expires_at)
           SELECT id, campaign_id, user_id, 'AVAILABLE', issued_at, expires_at
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[]) v(id, campaign_id, user_id, issued_at, expires_at)`,
    values: [
      uuidArray(changes, ({ key }) => key),
      uuidArray(changes, ({ after }) => after.couponId),
      uuidArray(changes, ({ after }) => after.userId),
      timestampArray(changes, ({ after }) => after.issuedAt),
      timestampArray(changes, ({ after }) => after.expiresAt),
    ],
  };
}

function updateUserCoupons(changes: Change<UserCoupon>[]): Statement {
  return {
    name: "update user coupons",
    text: `UPDATE user_coupons uc SET status = v.status, used_at = v.used_at, order_id = v.order_id, voided_at = v.voided_at
           FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::timestamptz[]) v(id, status, used_at, order_id, voided_at) WHERE uc.id = v.id`,
    values: [
      uuidArray(changes, ({ key }) => key),
      arrayOf(changes, ({ after }) => after.status),
      timestampArray(changes, ({ after }) => after.usedAt),
      uuidArray(changes, ({ after }) => after.orderId),
      timestampArray(changes, ({ after }) => after.voidedAt),
    ],
    rows: changes.length,
  };
}

/** Coupon ids by `claimKey`, protected by the campaign's lock and UNIQUE (campaign_id, user_id). */
export const claims: Table<string> = {
  name: "claims",
  load: (keys) => ({
    name: "read claims",
    // OFFSET 0 forces an index lookup per claim, whatever statistics the planner had.
    text: `SELECT uc.* FROM unnest($1::uuid[], $2::uuid[]) k(campaign_id, user_id) CROSS JOIN LATERAL
             (SELECT campaign_id, user_id, id FROM user_coupons WHERE campaign_id = k.campaign_id AND user_id = k.user_id OFFSET 0) uc`,
    values: [uuidArray(keys, (key) => key.slice(0, 36)), uuidArray(keys, (key) => key.slice(37))],
  }),
  read: (row) => [claimKey(row["campaign_id"] as string, row["user_id"] as string), row["id"] as string],
  save: () => [], // `userCoupons` writes the coupon.
};

export function claimKey(couponId: string, userId: string): string {
  return `${couponId}:${userId}`;
}

/** The coupons of a campaign that voiding changes. */
export function selectVoidable(couponId: string): Statement {
  return {
    name: "select voidable coupons",
    text: `SELECT id FROM user_coupons WHERE campaign_id = $1 AND voided_at IS NULL AND status IN ('AVAILABLE', 'USED')`,
    values: [couponId],
  };
}

/** The users that have a coupon of this campaign. */
export function selectClaimers(couponId: string): Statement {
  return { name: "select claimers", text: `SELECT user_id AS "userId" FROM user_coupons WHERE campaign_id = $1`, values: [couponId] };
}

/**
 * Pages of users' coupons, newest first. `page` is the page's index in `pages`, from 1. A coupon
 * counts as expired from `expires_at` on, even before the job has marked it.
 * @param now in ms
 */
export function selectUserCoupons(pages: Page[], status: CouponFilter, now: number): Statement {
  // Selects the page before it joins campaigns; otherwise PostgreSQL joins all of the user's
  // coupons.
  return {
    name: `select user coupons ${status}`,
    text: `SELECT k.page, ${USER_COUPON}, c.name FROM unnest($1::uuid[], $2::uuid[], $3::int[]) WITH ORDINALITY k(user_id, before, most, page)
           CROSS JOIN LATERAL (
             SELECT * FROM user_coupons WHERE user_id = k.user_id AND id < k.before AND $4::timestamptz IS NOT NULL AND ${CONDITIONS[status]} ORDER BY id DESC LIMIT k.most
           ) uc JOIN campaigns c ON c.id = uc.campaign_id ORDER BY k.page, uc.id DESC`,
    values: [...pageColumns(pages), iso(now)],
  };
}

export const COUPON_FILTERS = ["AVAILABLE", "USED", "EXPIRED", "VOID", "ALL"] as const;
export type CouponFilter = (typeof COUPON_FILTERS)[number];

/** The condition of each filter at the instant $4. */
const CONDITIONS: Record<CouponFilter, string> = {
  ALL: "true",
  AVAILABLE: "status = 'AVAILABLE' AND (expires_at IS NULL OR expires_at > $4)",
  USED: "status = 'USED'",
  VOID: "status = 'VOID'",
  EXPIRED: "(status = 'EXPIRED' OR status = 'AVAILABLE' AND expires_at <= $4)",
};

/** Expired coupons that the job has not marked yet. */
export function selectExpiredCoupons(now: number, limit: number): Statement {
  return {
    name: "select expired coupons",
    text: "SELECT id FROM user_coupons WHERE status = 'AVAILABLE' AND expires_at <= $1::timestamptz ORDER BY expires_at LIMIT $2",
    values: [iso(now), limit],
  };
}
