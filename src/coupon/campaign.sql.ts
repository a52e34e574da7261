import { uuidArray } from "../database/binary-arrays.ts";
import { arrayOf, columns, iso, LAST_ID, type Statement, timestampArray } from "../database/statement.ts";
import type { Change, Table } from "../till/table.ts";
import { sameTerms } from "./campaign-terms.ts";
import type { Campaign, Discount } from "./coupon.ts";

const CAMPAIGN = `id, name, discount_type, discount_value, max_amount, min_order_amount, total_quantity AS "totalQuantity",
  issued_quantity AS "issuedQuantity", opens_at AS "opensAt", closes_at AS "closesAt", valid_days AS "validDays", expires_at AS "expiresAt",
  visibility, coalesce(metadata, '{}') AS metadata, version, sold_out_at AS "soldOutAt", rehearsal_id AS "rehearsalId"`;

/** Campaigns, locked. All claims of a drop need the same row. */
export const campaigns: Table<Campaign> = {
  name: "campaigns",
  firstCome: true,
  load: (ids) => ({
    name: "lock campaigns",
    text: `SELECT ${CAMPAIGN} FROM campaigns WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [uuidArray(ids, (id) => id)],
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
  const { discount_type: _type, discount_value: _value, max_amount: _max, min_order_amount: _min, ended: _ended, ...fields } = row;
  return { ...(fields as Campaign), discount: discountOf(row) };
}

/** A discount from `discount_type`, `discount_value`, `max_amount`, `min_order_amount`. */
export function discountOf(row: Record<string, unknown>): Discount {
  const value = row["discount_value"] as number;
  const minimum = row["min_order_amount"] === null ? {} : { minOrderAmount: row["min_order_amount"] as number };
  if (row["discount_type"] === "FIXED") return { type: "FIXED", amount: value, ...minimum };
  return { type: "PERCENTAGE", rate: value, ...(row["max_amount"] === null ? {} : { maxAmount: row["max_amount"] as number }), ...minimum };
}

const TERMS = {
  id: "uuid",
  name: "text",
  discount_type: "text",
  discount_value: "bigint",
  max_amount: "bigint",
  min_order_amount: "bigint",
  total_quantity: "int",
  opens_at: "timestamptz",
  closes_at: "timestamptz",
  valid_days: "int",
  expires_at: "timestamptz",
  visibility: "text",
  metadata: "jsonb",
  version: "int",
  sold_out_at: "timestamptz",
} as const;
const CREATED = columns({ ...TERMS, created_at: "timestamptz", rehearsal_id: "uuid" });
const EDITED = columns(TERMS);

function insertCampaigns(changes: Change<Campaign>[]): Statement {
  return {
    name: "insert campaigns",
    text: `INSERT INTO campaigns (${CREATED.names}) SELECT * FROM ${CREATED.unnest}`,
    values: CREATED.arrays(changes.map(({ after }) => ({ ...termsRow(after), createdAt: after.made?.createdAt, rehearsalId: after.rehearsalId }))),
  };
}

function updateIssued(changes: Change<Campaign>[]): Statement {
  return {
    name: "update issued",
    text: `UPDATE campaigns c SET issued_quantity = v.issued, sold_out_at = v.sold_out
           FROM unnest($1::uuid[], $2::int[], $3::timestamptz[]) v(id, issued, sold_out) WHERE c.id = v.id`,
    values: [
      uuidArray(changes, ({ key }) => key),
      arrayOf(changes, ({ after }) => after.issuedQuantity),
      timestampArray(changes, ({ after }) => after.soldOutAt),
    ],
    rows: changes.length,
  };
}

function updateCampaigns(changes: Change<Campaign>[]): Statement {
  const sets = Object.keys(TERMS).flatMap((column) => (column === "id" ? [] : [`${column} = v.${column}`]));
  return {
    name: "update campaigns",
    text: `UPDATE campaigns c SET ${sets.join(", ")} FROM ${EDITED.unnest} v(${EDITED.names}) WHERE c.id = v.id`,
    values: EDITED.arrays(changes.map(({ after }) => termsRow(after))),
    rows: changes.length,
  };
}

function termsRow({ discount, metadata, ...campaign }: Campaign) {
  return {
    ...campaign,
    discountType: discount.type,
    discountValue: discount.type === "FIXED" ? discount.amount : discount.rate,
    maxAmount: discount.type === "PERCENTAGE" ? discount.maxAmount : null,
    minOrderAmount: discount.minOrderAmount,
    metadata: Object.keys(metadata).length === 0 ? null : metadata,
  };
}

export function selectCampaigns(ids: string[]): Statement {
  return { name: "select campaigns", text: `SELECT ${CAMPAIGN} FROM campaigns WHERE id = ANY($1::uuid[])`, values: [uuidArray(ids, (id) => id)] };
}

/** The last row of the previous page, and the instant (ms) at which the first page was read. */
export type CampaignPlace = { at: number; ended: boolean; id: string };

/**
 * Campaigns after this place: open and upcoming ones first, then ended ones (sold out or over),
 * each newest first. All pages of a list use the same instant `at`. So a campaign that ends while
 * the list is read keeps its place and is listed once. Private campaigns are for operators.
 */
export function selectCampaignPage({ at, ended, id }: CampaignPlace, limit: number, { isOperator }: { isOperator: boolean }): Statement {
  return {
    name: "select campaign page",
    text: `SELECT ${CAMPAIGN}, ended FROM campaigns
           CROSS JOIN LATERAL (SELECT coalesce(least(closes_at, expires_at, sold_out_at) <= $1::timestamptz, false) AS ended) e
           WHERE rehearsal_id IS NULL AND (visibility = 'PUBLIC' OR $5) AND (ended > $2 OR ended = $2 AND id < $3::uuid) ORDER BY ended, id DESC LIMIT $4`,
    values: [iso(at), ended, id, limit, isOperator],
  };
}

/** The place before the first row of a list that is read at this instant (ms). */
export function firstCampaign(at: number): CampaignPlace {
  return { at, ended: false, id: LAST_ID };
}
