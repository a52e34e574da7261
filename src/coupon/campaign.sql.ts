import { arrayOf, iso, LAST_ID, type Statement, textArray, timestampArray } from "../database/statement.ts";
import type { Change, Table } from "../till/table.ts";
import { sameTerms } from "./campaign-terms.ts";
import type { Campaign, Discount } from "./coupon.ts";

const CAMPAIGN = `id, name, discount_type, discount_value, max_amount, min_order_amount, total_quantity AS "totalQuantity",
  issued_quantity AS "issuedQuantity", opens_at AS "opensAt", closes_at AS "closesAt", valid_days AS "validDays", expires_at AS "expiresAt",
  version, sold_out_at AS "soldOutAt", rehearsal_id AS "rehearsalId"`;

/** Campaigns, locked. All claims of a drop need the same row. */
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
    const created = changes.filter((change) => change.before === undefined);
    const issued = changes.filter(({ before, after }) => before !== undefined && before.issuedQuantity !== after.issuedQuantity);
    const edited = changes.filter(({ before, after }) => before !== undefined && !sameTerms(before, after));
    // Edits run before issues: the round may issue more coupons than the total allowed before the
    // edit.
    return [
      ...(created.length > 0 ? [insertCampaigns(created)] : []),
      ...(edited.length > 0 ? [updateCampaigns(edited)] : []),
      ...(issued.length > 0 ? [updateIssued(issued)] : []),
    ];
  },
};

/** A campaign from a record with the columns above. */
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

export function selectCampaigns(ids: string[]): Statement {
  return { name: "select campaigns", text: `SELECT ${CAMPAIGN} FROM campaigns WHERE id = ANY($1::uuid[])`, values: [arrayOf(ids, (id) => id)] };
}

/** The last row of the previous page, and the instant (ms) at which the first page was read. */
export type CampaignPlace = { at: number; ended: boolean; id: string };

/**
 * Campaigns after this place: open and upcoming ones first, then ended ones (sold out or over),
 * each newest first. All pages of a list use the same instant `at`. So a campaign that ends while
 * the list is read keeps its place and is listed once.
 */
export function selectCampaignPage({ at, ended, id }: CampaignPlace, limit: number): Statement {
  return {
    name: "select campaign page",
    text: `SELECT ${CAMPAIGN}, ended FROM campaigns
           CROSS JOIN LATERAL (SELECT coalesce(least(closes_at, expires_at, sold_out_at) <= $1::timestamptz, false) AS ended) e
           WHERE rehearsal_id IS NULL AND (ended > $2 OR ended = $2 AND id < $3::uuid) ORDER BY ended, id DESC LIMIT $4`,
    values: [iso(at), ended, id, limit],
  };
}

/** The place before the first row of a list that is read at this instant (ms). */
export function firstCampaign(at: number): CampaignPlace {
  return { at, ended: false, id: LAST_ID };
}
