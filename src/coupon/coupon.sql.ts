import { type Page, pageColumns } from "../database/batched-pages.ts";
import { timestampArray, LAST_ID, arrayOf, textArray, type Statement } from "../database/statement.ts";
import type { Change, Table } from "../till/table.ts";
import type { Campaign, Discount, UserCoupon } from "./coupon.ts";
import { sameDiscount } from "./same-discount.ts";

const CAMPAIGN = `id, name, discount_type, discount_value, max_amount, min_order_amount, total_quantity AS "totalQuantity",
  issued_quantity AS "issuedQuantity", opens_at AS "opensAt", closes_at AS "closesAt", valid_days AS "validDays", expires_at AS "expiresAt",
  version, sold_out_at AS "soldOutAt", rehearsal_id AS "rehearsalId"`;

/** Campaigns, locked: the row of a drop is the counter at which its whole crowd meets. */
export const campaigns: Table<Campaign> = {
  name: "campaigns",
  firstCome: true,
  load: (ids) => ({
    name: "lock campaigns",
    text: `SELECT ${CAMPAIGN} FROM campaigns WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, campaignOf(row)],
  save(changes) {
    const made = changes.filter((change) => change.before === undefined);
    const issued = changes.filter(({ before, after }) => before !== undefined && before.issuedQuantity !== after.issuedQuantity);
    const edited = changes.filter(({ before, after }) => before !== undefined && !sameTerms(before, after));
    // Edits first: what was issued in the same round may be more than the total was before.
    return [
      ...(made.length > 0 ? [insertCampaigns(made)] : []),
      ...(edited.length > 0 ? [updateCampaigns(edited)] : []),
      ...(issued.length > 0 ? [updateIssued(issued)] : []),
    ];
  },
};

/** Whether issuing is all that happened: a round may hold an operator's edit and a crowd's claims of one campaign. */
export function sameTerms(a: Campaign, b: Campaign): boolean {
  return (
    a.name === b.name &&
    sameDiscount(a.discount, b.discount) &&
    a.totalQuantity === b.totalQuantity &&
    a.opensAt === b.opensAt &&
    a.closesAt === b.closesAt &&
    a.validDays === b.validDays &&
    a.expiresAt === b.expiresAt
  );
}

/** A campaign from a record of the columns above. */
export function campaignOf(row: Record<string, unknown>): Campaign {
  const { id, name, totalQuantity, issuedQuantity, opensAt, closesAt, validDays, expiresAt, version, soldOutAt, rehearsalId } = row as Campaign;
  const discount = discountOf(row);
  return { id, name, discount, totalQuantity, issuedQuantity, opensAt, closesAt, validDays, expiresAt, version, soldOutAt, rehearsalId };
}

/** A discount from `discount_type`, `discount_value`, `max_amount`, `min_order_amount`. */
export function discountOf(row: Record<string, unknown>): Discount {
  const value = row["discount_value"] as number;
  const minimum = row["min_order_amount"] === null ? {} : { minOrderAmount: row["min_order_amount"] as number };
  if (row["discount_type"] === "FIXED") return { type: "FIXED", amount: value, ...minimum };
  return { type: "PERCENTAGE", rate: value, ...(row["max_amount"] === null ? {} : { maxAmount: row["max_amount"] as number }), ...minimum };
}

function insertCampaigns(changes: Change<Campaign>[]): Statement {
  return {
    name: "insert campaigns",
    text: `INSERT INTO campaigns (id, name, discount_type, discount_value, max_amount, min_order_amount, total_quantity, opens_at, closes_at, valid_days, expires_at, version, sold_out_at, created_at, rehearsal_id)
           SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::int[], $8::timestamptz[], $9::timestamptz[], $10::int[], $11::timestamptz[],
             $12::int[], $13::timestamptz[], $14::timestamptz[], $15::uuid[])`,
    values: [...columns(changes), timestampArray(changes, ({ after }) => after.made?.createdAt), arrayOf(changes, ({ after }) => after.rehearsalId)],
  };
}

function updateIssued(changes: Change<Campaign>[]): Statement {
  return {
    name: "update issued",
    text: `UPDATE campaigns c SET issued_quantity = v.issued, sold_out_at = v.sold_out
           FROM unnest($1::uuid[], $2::int[], $3::timestamptz[]) v(id, issued, sold_out) WHERE c.id = v.id`,
    values: [
      arrayOf(changes, ({ key }) => key),
      arrayOf(changes, ({ after }) => after.issuedQuantity),
      timestampArray(changes, ({ after }) => after.soldOutAt),
    ],
    rows: changes.length,
  };
}

function updateCampaigns(changes: Change<Campaign>[]): Statement {
  return {
    name: "update campaigns",
    text: `UPDATE campaigns c SET name = v.name, discount_type = v.discount_type, discount_value = v.discount_value, max_amount = v.max_amount,
             min_order_amount = v.min_order_amount, total_quantity = v.total_quantity, opens_at = v.opens_at, closes_at = v.closes_at,
             valid_days = v.valid_days, expires_at = v.expires_at, version = v.version, sold_out_at = v.sold_out_at
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::int[], $8::timestamptz[], $9::timestamptz[], $10::int[], $11::timestamptz[],
             $12::int[], $13::timestamptz[])
             v(id, name, discount_type, discount_value, max_amount, min_order_amount, total_quantity, opens_at, closes_at, valid_days, expires_at, version, sold_out_at)
           WHERE c.id = v.id`,
    values: columns(changes),
    rows: changes.length,
  };
}

function columns(changes: Change<Campaign>[]): string[] {
  return [
    arrayOf(changes, ({ key }) => key),
    textArray(changes, ({ after }) => after.name),
    arrayOf(changes, ({ after }) => after.discount.type),
    arrayOf(changes, ({ after: { discount } }) => (discount.type === "FIXED" ? discount.amount : discount.rate)),
    arrayOf(changes, ({ after: { discount } }) => (discount.type === "PERCENTAGE" ? discount.maxAmount : null)),
    arrayOf(changes, ({ after }) => after.discount.minOrderAmount),
    arrayOf(changes, ({ after }) => after.totalQuantity),
    timestampArray(changes, ({ after }) => after.opensAt),
    timestampArray(changes, ({ after }) => after.closesAt),
    arrayOf(changes, ({ after }) => after.validDays),
    timestampArray(changes, ({ after }) => after.expiresAt),
    arrayOf(changes, ({ after }) => after.version),
    timestampArray(changes, ({ after }) => after.soldOutAt),
  ];
}

const USER_COUPON = `uc.id, uc.campaign_id AS "couponId", uc.user_id AS "userId", uc.status, uc.issued_at AS "issuedAt", uc.expires_at AS "expiresAt",
  uc.used_at AS "usedAt", uc.order_id AS "orderId", c.discount_type, c.discount_value, c.max_amount, c.min_order_amount`;

/** Coupons in users' hands, locked. The campaign is joined for its discount only, which stands still once a coupon is issued. */
export const userCoupons: Table<UserCoupon> = {
  name: "user coupons",
  load: (ids) => ({
    name: "lock user coupons",
    text: `SELECT ${USER_COUPON} FROM user_coupons uc JOIN campaigns c ON c.id = uc.campaign_id
           WHERE uc.id = ANY($1::uuid[]) ORDER BY uc.id FOR NO KEY UPDATE OF uc`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read(row) {
    const { id, couponId, userId, status, issuedAt, expiresAt, usedAt, orderId } = row as UserCoupon;
    return [id, { id, couponId, userId, status, issuedAt, expiresAt, usedAt, orderId, discount: discountOf(row) }];
  },
  save(changes) {
    const issued = changes.filter((change) => change.before === undefined);
    const used = changes.filter((change) => change.before !== undefined);
    return [...(issued.length > 0 ? [insertUserCoupons(issued)] : []), ...(used.length > 0 ? [updateUserCoupons(used)] : [])];
  },
};

function insertUserCoupons(changes: Change<UserCoupon>[]): Statement {
  return {
    name: "insert user coupons",
    text: `INSERT INTO user_coupons (id, campaign_id, user_id, status, issued_at, expires_at)
           SELECT id, campaign_id, user_id, 'AVAILABLE', issued_at, expires_at
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[]) v(id, campaign_id, user_id, issued_at, expires_at)`,
    values: [
      arrayOf(changes, ({ key }) => key),
      arrayOf(changes, ({ after }) => after.couponId),
      arrayOf(changes, ({ after }) => after.userId),
      timestampArray(changes, ({ after }) => after.issuedAt),
      timestampArray(changes, ({ after }) => after.expiresAt),
    ],
  };
}

function updateUserCoupons(changes: Change<UserCoupon>[]): Statement {
  return {
    name: "update user coupons",
    text: `UPDATE user_coupons uc SET status = v.status, used_at = v.used_at, order_id = v.order_id
           FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[]) v(id, status, used_at, order_id) WHERE uc.id = v.id`,
    values: [
      arrayOf(changes, ({ key }) => key),
      arrayOf(changes, ({ after }) => after.status),
      timestampArray(changes, ({ after }) => after.usedAt),
      arrayOf(changes, ({ after }) => after.orderId),
    ],
    rows: changes.length,
  };
}

/** Who has claimed what: `claimKey` to the coupon's id. Guarded by the campaign's lock, and by UNIQUE (campaign_id, user_id). */
export const claims: Table<string> = {
  name: "claims",
  load: (keys) => ({
    name: "read claims",
    // OFFSET 0 keeps it a look-up for each claim, whatever the table was believed to be when this was planned.
    text: `SELECT uc.* FROM unnest($1::uuid[], $2::uuid[]) k(campaign_id, user_id) CROSS JOIN LATERAL
             (SELECT campaign_id, user_id, id FROM user_coupons WHERE campaign_id = k.campaign_id AND user_id = k.user_id OFFSET 0) uc`,
    values: [arrayOf(keys, (key) => key.slice(0, 36)), arrayOf(keys, (key) => key.slice(37))],
  }),
  read: (row) => [claimKey(row["campaign_id"] as string, row["user_id"] as string), row["id"] as string],
  save: () => [], // The coupon itself is written by its own shelf.
};

export function claimKey(couponId: string, userId: string): string {
  return `${couponId}:${userId}`;
}

export function selectCampaigns(ids: string[]): Statement {
  return { name: "select campaigns", text: `SELECT ${CAMPAIGN} FROM campaigns WHERE id = ANY($1::uuid[])`, values: [arrayOf(ids, (id) => id)] };
}

/** Where a page of campaigns begins: the instant (ms) at which the list was begun, and the last row of the page before. */
export type CampaignPlace = { at: number; ended: boolean; id: string };

/**
 * Campaigns behind this place: open and upcoming ones first, then ended ones (sold out or over), each newest first. Which is which is decided as
 * of `at`, the same instant for every page of a list: so a campaign that sells out or closes meanwhile stays in its place, and is shown once.
 */
export function selectCampaignPage({ at, ended, id }: CampaignPlace, limit: number): Statement {
  return {
    name: "select campaign page",
    text: `SELECT ${CAMPAIGN}, ended FROM campaigns
           CROSS JOIN LATERAL (SELECT coalesce(least(closes_at, expires_at, sold_out_at) <= $1::timestamptz, false) AS ended) e
           WHERE rehearsal_id IS NULL AND (ended > $2 OR ended = $2 AND id < $3::uuid) ORDER BY ended, id DESC LIMIT $4`,
    values: [new Date(at).toISOString(), ended, id, limit],
  };
}

/** Before the first row of a list that begins at this instant. */
export function firstCampaign(at: number): CampaignPlace {
  return { at, ended: false, id: LAST_ID };
}

/** Everyone who has a coupon of this campaign. */
export function selectClaimers(couponId: string): Statement {
  return { name: "select claimers", text: `SELECT user_id AS "userId" FROM user_coupons WHERE campaign_id = $1`, values: [couponId] };
}

/**
 * Pages of users' coupons, newest first, each row with its `page`. A coupon whose time is up counts as expired before the job has come by.
 * @param now ms
 */
export function selectUserCoupons(pages: Page[], status: CouponFilter, now: number): Statement {
  // The page first, then its campaigns: joined before they are cut, every coupon of the user meets every campaign.
  return {
    name: `select user coupons ${status}`,
    text: `SELECT k.page, ${USER_COUPON}, c.name FROM unnest($1::uuid[], $2::uuid[], $3::int[]) WITH ORDINALITY k(user_id, before, most, page)
           CROSS JOIN LATERAL (
             SELECT * FROM user_coupons WHERE user_id = k.user_id AND id < k.before AND $4::timestamptz IS NOT NULL AND ${STANDING[status]} ORDER BY id DESC LIMIT k.most
           ) uc JOIN campaigns c ON c.id = uc.campaign_id ORDER BY k.page, uc.id DESC`,
    values: [...pageColumns(pages), new Date(now).toISOString()],
  };
}

export const COUPON_FILTERS = ["AVAILABLE", "USED", "EXPIRED", "ALL"] as const;
export type CouponFilter = (typeof COUPON_FILTERS)[number];

/** How a coupon stands at $4. */
const STANDING: Record<CouponFilter, string> = {
  ALL: "true",
  AVAILABLE: "status = 'AVAILABLE' AND (expires_at IS NULL OR expires_at > $4)",
  USED: "status = 'USED'",
  EXPIRED: "(status = 'EXPIRED' OR status = 'AVAILABLE' AND expires_at <= $4)",
};

/** Coupons whose time is up and that nobody has marked yet. */
export function selectExpiredCoupons(now: number, limit: number): Statement {
  return {
    name: "select expired coupons",
    text: "SELECT id FROM user_coupons WHERE status = 'AVAILABLE' AND expires_at <= $1::timestamptz ORDER BY expires_at LIMIT $2",
    values: [new Date(now).toISOString(), limit],
  };
}
