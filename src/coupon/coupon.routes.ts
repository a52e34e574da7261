import Type from "typebox";
import { iso, isoOrNull } from "../database/statement.ts";
import { BatchedPages } from "../database/batched-pages.ts";
import { BatchedRead } from "../database/batched-read.ts";
import { nextCursor, ownCursor, readCursor } from "../http/cursor.ts";
import { onBehalf } from "../http/on-behalf.ts";
import { type Routes, type Submission, submit } from "../http/route.ts";
import { Amount, Body, Id, Instant, NextCursor, Nullable, OneOf, page, Query, Text, UserParams, Version } from "../http/schemas.ts";
import { Refusal, refuse } from "../refusal.ts";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import type { Now } from "../database/clock.ts";
import type { SoldOut } from "./sold-out.ts";
import { selectWallets } from "../balance/balance.sql.ts";
import { mayMeet } from "../balance/rehearsal-buyers.ts";
import { campaignView } from "./campaign-view.ts";
import { couponStatus, type Discount, type UserCoupon } from "./coupon.ts";
import {
  campaignOf,
  type CampaignPlace,
  COUPON_FILTERS,
  discountOf,
  firstCampaign,
  selectCampaignPage,
  selectCampaigns,
  selectUserCoupons,
} from "./coupon.sql.ts";
import { type CampaignFields, closeCampaign, createCampaign, editCampaign } from "./edit-campaign.ts";
import { issueCoupon } from "./issue-coupon.ts";

const AMOUNT_MAX = 1_000_000_000_000;
const NO_COUPONS = { ko: "보유한 쿠폰이 없습니다", en: "There are no coupons here" };

const minOrderAmount = Type.Optional(Amount(0, AMOUNT_MAX));
/** Told apart by `type`, so that an error names the field that is wrong and not the shape that was not meant. */
const DiscountBody = Type.Unsafe<Discount>({
  title: "Discount",
  type: "object",
  discriminator: { propertyName: "type" },
  required: ["type"],
  oneOf: [
    Body({ type: Type.Literal("FIXED"), amount: Amount(1, AMOUNT_MAX), minOrderAmount }, { title: "FixedDiscount" }),
    Body(
      {
        type: Type.Literal("PERCENTAGE"),
        rate: Type.Integer({ minimum: 1, maximum: 100 }),
        maxAmount: Type.Optional(Amount(1, AMOUNT_MAX)),
        minOrderAmount,
      },
      { title: "PercentageDiscount" },
    ),
  ],
});
const CampaignAnswer = Type.Object(
  {
    id: Id(),
    name: Type.String(),
    discount: DiscountBody,
    totalQuantity: Type.Integer(),
    remainingQuantity: Type.Integer(),
    opensAt: Instant(),
    closesAt: Nullable(Instant()),
    validDays: Nullable(Type.Integer()),
    expiresAt: Nullable(Instant()),
    status: OneOf(["UPCOMING", "OPEN", "SOLD_OUT", "CLOSED"]),
    version: Version("Raised by each edit of an operator, never by issuing"),
  },
  { title: "Campaign" },
);
const UserCouponAnswer = Type.Object(
  {
    id: Id(),
    couponId: Id(),
    name: Type.String(),
    discount: DiscountBody,
    discountAmount: Nullable(Type.Integer({ description: "Null for a percentage" })),
    status: OneOf(["AVAILABLE", "USED", "EXPIRED"]),
    issuedAt: Instant(),
    expiresAt: Nullable(Instant()),
    usedAt: Nullable(Instant()),
  },
  { title: "UserCoupon" },
);

export type CouponRoutesOptions = { config: Pick<Config, "timezone">; database: Database; soldOut: SoldOut; now: Now };

export function couponRoutes(routes: Routes, { config, database, soldOut, now }: CouponRoutesOptions): void {
  const campaigns = new BatchedRead(async (ids) => {
    const rows = await database.rows<Record<string, unknown>>(selectCampaigns(ids));
    return new Map(rows.map((row) => [row["id"] as string, campaignOf(row)]));
  });
  const coupons = new Map(
    COUPON_FILTERS.map((status) => [status, new BatchedPages<UserCouponRecord>((pages) => database.rows(selectUserCoupons(pages, status, now())))]),
  );

  routes.read(
    {
      method: "GET",
      path: "/coupons",
      operationId: "listCoupons",
      audience: "anyone",
      tag: "Coupons",
      summary: "Coupon campaigns: open and upcoming ones first, then sold-out and closed ones, each newest first",
      description:
        "Which campaigns come first is decided when the first page is read, and holds for the pages behind it: a campaign that sells out or closes meanwhile is still shown once.",
      query: Query(page),
      answers: { 200: Type.Object({ coupons: Type.Array(CampaignAnswer), nextCursor: NextCursor }) },
      shape: ownCursor("coupons", CAMPAIGN_PLACE),
    },
    async ({ query: { limit = 20, cursor } }) => {
      const at = now();
      const place = campaignPlace(cursor) ?? firstCampaign(at);
      const rows = await database.rows<Record<string, unknown>>(selectCampaignPage(place, limit + 1));
      return {
        coupons: rows.slice(0, limit).map((row) => campaignView(campaignOf(row), at)),
        nextCursor: nextCursor(rows, limit, "coupons", ({ ended, id }) => [place.at, ended === true ? 1 : 0, id as string]),
      };
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/coupons/{couponId}",
      operationId: "getCoupon",
      audience: "anyone",
      optionalToken: true,
      tag: "Coupons",
      summary: "One campaign, with what is left of it as committed",
      params: Type.Object({ couponId: Id() }),
      answers: { 200: CampaignAnswer },
      refusals: ["COUPON_NOT_FOUND"],
    },
    async ({ caller, params: { couponId } }) => {
      const campaign = await campaigns.get(couponId);
      if (!campaign || !(await mayMeet(database, caller, campaign))) refuse("COUPON_NOT_FOUND", { couponId });
      return campaignView(campaign, now());
    },
  );

  routes.write(
    {
      method: "POST",
      path: "/coupons/{couponId}/issue",
      operationId: "issueCoupon",
      audience: "shopper",
      tag: "Coupons",
      summary: "Claim a coupon: first come, first served, one per user",
      params: Type.Object({ couponId: Id() }),
      body: Body({ userId: Type.Optional(Id("The caller's own, unless an operator calls")) }),
      answers: { 201: Type.Object({ userCouponId: Id(), couponId: Id(), issuedAt: Instant(), expiresAt: Nullable(Instant()) }) },
      refusals: ["FORBIDDEN", "USER_NOT_FOUND", "COUPON_NOT_FOUND", "COUPON_CLOSED", "COUPON_ALREADY_ISSUED", "COUPON_SOLD_OUT"],
    },
    ({ caller, params: { couponId }, body, keyed }) => {
      const userId = onBehalf(caller, body.userId);
      // A keyed refusal has to be kept, so it is decided at the till; any other may be known without it.
      const refusal = keyed ? undefined : soldOut.refusal(couponId, userId, now());
      if (refusal) return refusal;
      const submission = submit(issueCoupon, { couponId, userId, timezone: config.timezone }, 201, ({ id, issuedAt, expiresAt }) => ({
        userCouponId: id,
        couponId,
        issuedAt: iso(issuedAt),
        expiresAt: isoOrNull(expiresAt),
      }));
      return noticing(submission, { seen: () => soldOut.seen(userId), soldOut: () => void soldOut.learn(couponId).catch(() => {}) });
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/users/{userId}/coupons",
      operationId: "listUserCoupons",
      audience: "owner",
      tag: "Coupons",
      summary: "The user's coupons, newest first",
      params: UserParams,
      query: Query({ ...page, status: Type.Optional(OneOf(COUPON_FILTERS)) }),
      answers: {
        200: Type.Object({
          userCoupons: Type.Array(UserCouponAnswer),
          nextCursor: NextCursor,
          message: Type.Optional(Type.String({ description: "Only where the list is empty" })),
        }),
      },
      faults: { "params/userId": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND"],
      shape: ({ query: { cursor, status = "AVAILABLE" } }) => void readCursor(`user coupons ${status}`, cursor, ["id"]),
    },
    async ({ params: { userId }, query, locale }) => {
      const { limit = 20, status = "AVAILABLE" } = query;
      const list = `user coupons ${status}`;
      const at = now();
      const [before] = (readCursor(list, query.cursor, ["id"]) ?? [null]) as [string | null];
      const rows = (await coupons.get(status)?.get(userId, before, limit + 1)) ?? [];
      if (rows.length === 0 && (await database.rows(selectWallets([userId]))).length === 0) refuse("USER_NOT_FOUND", { userId });
      const userCoupons = rows.slice(0, limit).map((row) => userCouponView(row, at));
      return {
        userCoupons,
        nextCursor: nextCursor(rows, limit, list, (row) => [row.id]),
        ...(userCoupons.length === 0 ? { message: NO_COUPONS[locale] } : {}),
      };
    },
  );

  const fields = {
    name: Text(300),
    discount: DiscountBody,
    totalQuantity: Type.Integer({ minimum: 1, maximum: 100_000_000 }),
    opensAt: Type.Optional(Instant()),
    closesAt: Type.Optional(Nullable(Instant())),
    validDays: Type.Optional(Nullable(Type.Integer({ minimum: 1, maximum: 36_500 }))),
    expiresAt: Type.Optional(Nullable(Instant())),
  };
  routes.write(
    {
      method: "POST",
      path: "/admin/coupons",
      operationId: "createCoupon",
      audience: "operator",
      tag: "Coupons",
      summary: "Create a campaign",
      description:
        "Without `opensAt` it opens at once. A coupon of `validDays` n is good to the end of the n-th day after the day of issue, in the shop's zone; its `expiresAt` is the first instant after that day. With an `expiresAt` of the campaign it expires at the earlier of the two; with neither it does not expire.",
      body: Body(fields),
      answers: { 201: CampaignAnswer },
    },
    ({ body }) => submit(createCampaign, instantsOf(body) as CampaignFields, 201),
  );

  routes.write(
    {
      method: "PATCH",
      path: "/admin/coupons/{id}",
      operationId: "editCoupon",
      audience: "operator",
      tag: "Coupons",
      summary: "Change a campaign",
      description:
        "Takes any subset. The discount stands once a coupon is issued, and the total can't fall below the number issued. A member that repeats its value changes nothing. Coupons that were issued keep their `expiresAt`. With `version`, the edit is refused if another edit came first.",
      params: Type.Object({ id: Id() }),
      body: Body({
        version: Type.Optional(Version("The one that was read; another one in the shop is 409 `VERSION_CONFLICT` with the campaign as `current`")),
        ...fields,
        name: Type.Optional(fields.name),
        discount: Type.Optional(DiscountBody),
        totalQuantity: Type.Optional(fields.totalQuantity),
      }),
      answers: { 200: CampaignAnswer },
      refusals: ["COUPON_NOT_FOUND", "VERSION_CONFLICT"],
    },
    ({ params, body: { version, ...body } }) =>
      submit(editCampaign, { couponId: params.id, ...(version === undefined ? {} : { version }), fields: instantsOf(body) }),
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/coupons/{id}/close",
      operationId: "closeCoupon",
      audience: "operator",
      tag: "Coupons",
      summary: "Stop issuing coupons of a campaign now, by the shop's own clock",
      description:
        "Coupons that were issued stay usable. A campaign that has not opened yet is closed as well and does not open; one that is over stays as it is, so a repeat does no harm. `closesAt: null` opens it again.",
      params: Type.Object({ id: Id() }),
      body: Body({}),
      answers: { 200: CampaignAnswer },
      refusals: ["COUPON_NOT_FOUND"],
    },
    ({ params }) => submit(closeCampaign, { couponId: params.id }),
  );
}

const CAMPAIGN_PLACE = ["instant", "count", "id"] as const;

/** Where a page of campaigns goes on, or null. Errors: INVALID_REQUEST. */
function campaignPlace(cursor: string | undefined): CampaignPlace | null {
  const place = readCursor("coupons", cursor, CAMPAIGN_PLACE) as [number, number, string] | null;
  return place && { at: place[0], ended: place[1] !== 0, id: place[2] };
}

type UserCouponRecord = Record<string, unknown> & { page: number; id: string };

type Written = Omit<Partial<CampaignFields>, "opensAt" | "closesAt" | "expiresAt"> & {
  opensAt?: string;
  closesAt?: string | null;
  expiresAt?: string | null;
};

/** The same with its instants in ms. */
function instantsOf({ opensAt, closesAt, expiresAt, ...fields }: Written): Partial<CampaignFields> {
  return {
    ...fields,
    ...(opensAt === undefined ? {} : { opensAt: Date.parse(opensAt) }),
    ...(closesAt === undefined ? {} : { closesAt: closesAt === null ? null : Date.parse(closesAt) }),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt === null ? null : Date.parse(expiresAt) }),
  };
}

function userCouponView(row: Record<string, unknown>, now: number) {
  const { id, couponId, issuedAt, expiresAt, usedAt } = row as UserCoupon;
  const discount = discountOf(row);
  return {
    id,
    couponId,
    name: row["name"] as string,
    discount,
    discountAmount: discount.type === "FIXED" ? discount.amount : null,
    status: couponStatus(row as UserCoupon, now),
    issuedAt: iso(issuedAt),
    expiresAt: isoOrNull(expiresAt),
    usedAt: isoOrNull(usedAt),
  };
}

/** Learns from the till's outcome that the user exists and that the campaign is sold out. */
function noticing(submission: Submission, { seen, soldOut }: { seen: () => void; soldOut: () => void }): Submission {
  return {
    ...submission,
    onResponse({ status }) {
      if (status === 201) seen();
    },
    onError(error) {
      const code = error instanceof Refusal ? error.code : null;
      if (code === "COUPON_SOLD_OUT" || code === "COUPON_ALREADY_ISSUED") seen();
      if (code === "COUPON_SOLD_OUT") soldOut();
    },
  };
}
