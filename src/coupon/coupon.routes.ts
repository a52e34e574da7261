// Campaigns and coupons as shoppers and visitors see them.

import Type from "typebox";
import type { Config } from "../config.ts";
import { mayMeet } from "../balance/rehearsal-buyers.ts";
import { BatchedRead } from "../database/batched-read.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { isSentBy } from "../events/sent-events.ts";
import { onBehalf } from "../http/on-behalf.ts";
import { isReader } from "../http/permissions.ts";
import { PagedList } from "../http/pages.ts";
import { type Routes, type Submission, submit } from "../http/route.ts";
import { Body, Id, Instant, NextCursor, Nullable, page, Query } from "../http/schemas.ts";
import { Refusal, refuse } from "../refusal.ts";
import { campaignView } from "./campaign-view.ts";
import { campaignOf, type CampaignPlace, firstCampaign, selectCampaignPage, selectCampaigns } from "./campaign.sql.ts";
import { CampaignSchema } from "./coupon.schemas.ts";
import { issueCoupon } from "./issue-coupon.ts";
import type { SoldOut } from "./sold-out.ts";
import { userCouponRoutes } from "./user-coupon.routes.ts";

/**
 * Places: when the list was first read, whether the row had ended then (0 or 1), and the row's id.
 */
const CAMPAIGNS = new PagedList<[at: number, ended: number, id: string]>("coupons", ["instant", "count", "id"]);

type CouponRoutesOptions = { config: Pick<Config, "timezone" | "platformEvents">; database: Database; soldOut: SoldOut; now: Now };

export function couponRoutes(routes: Routes, { config, database, soldOut, now }: CouponRoutesOptions): void {
  campaignRoutes(routes, database, now);
  const announced = isSentBy(config.platformEvents)("coupon.issued");

  routes.write(
    {
      method: "POST",
      path: "/coupons/{couponId}/issue",
      operationId: "issueCoupon",
      audience: "shopper",
      permission: "coupons",
      tag: "Coupons",
      summary: "Claim a coupon: first come, first served, one per user",
      description: "Each user gets at most one coupon of a campaign. Claims are decided in order of arrival.",
      params: Type.Object({ couponId: Id() }),
      body: Body({ userId: Type.Optional(Id("The caller's own, unless an operator calls")) }),
      answers: { 201: Type.Object({ userCouponId: Id(), couponId: Id(), issuedAt: Instant(), expiresAt: Nullable(Instant()) }) },
      refusals: ["FORBIDDEN", "USER_NOT_FOUND", "COUPON_NOT_FOUND", "COUPON_CLOSED", "COUPON_ALREADY_ISSUED", "COUPON_SOLD_OUT"],
    },
    ({ caller, params: { couponId }, body, keyed }) => {
      const userId = onBehalf(caller, body.userId);
      // The till stores the refusal of a keyed request, so only requests without a key are refused
      // from memory.
      const refusal = keyed ? undefined : soldOut.refusal(couponId, userId, now());
      if (refusal) return refusal;
      return observed(submit(issueCoupon, { couponId, userId, byOperator: caller.role === "operator", timezone: config.timezone, announced }, 201), {
        onKnownUser: () => soldOut.rememberUser(userId),
        // A failed read is repeated at the next refusal.
        onSoldOut: () => void soldOut.learn(couponId).catch(() => {}),
      });
    },
  );

  userCouponRoutes(routes, { database, now });
}

function campaignRoutes(routes: Routes, database: Database, now: Now): void {
  const campaigns = new BatchedRead(async (ids) => {
    const rows = await database.rows<Record<string, unknown>>(selectCampaigns(ids));
    return new Map(rows.map((row) => [row["id"] as string, campaignOf(row)]));
  });

  routes.read(
    {
      method: "GET",
      path: "/coupons",
      operationId: "listCoupons",
      audience: "anyone",
      revalidated: true,
      optionalToken: true,
      tag: "Coupons",
      summary: "Coupon campaigns: open and upcoming ones first, then sold-out and closed ones, each newest first",
      description:
        "The first page fixes the order for all pages after it: a campaign that sells out or closes while the list is read is still listed once. Private campaigns are shown to operators only.",
      query: Query(page),
      answers: { 200: Type.Object({ coupons: Type.Array(CampaignSchema), nextCursor: NextCursor }) },
      shape: CAMPAIGNS.checkCursor,
    },
    async ({ caller, query }) => {
      const at = now();
      const viewer = { isOperator: isReader(caller, "coupons") };
      const place = campaignPlace(query.cursor) ?? firstCampaign(at);
      const { rows, nextCursor } = await CAMPAIGNS.read(
        query,
        (_after, limit) => database.rows<Record<string, unknown>>(selectCampaignPage(place, limit, viewer)),
        ({ ended, id }) => [place.at, ended === true ? 1 : 0, id as string],
      );
      return { coupons: rows.map((row) => campaignView(campaignOf(row), at, viewer)), nextCursor };
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/coupons/{couponId}",
      operationId: "getCoupon",
      audience: "anyone",
      revalidated: true,
      optionalToken: true,
      tag: "Coupons",
      summary: "One campaign, with its remaining quantity as committed",
      description: "`remaining` counts each claim that was answered before.",
      params: Type.Object({ couponId: Id() }),
      answers: { 200: CampaignSchema },
      refusals: ["COUPON_NOT_FOUND"],
    },
    async ({ caller, params: { couponId } }) => {
      const campaign = await campaigns.get(couponId);
      const isOperator = isReader(caller, "coupons");
      if (!campaign || (campaign.visibility === "PRIVATE" && !isOperator) || !(await mayMeet(database, caller, campaign)))
        refuse("COUPON_NOT_FOUND", { couponId });
      return campaignView(campaign, now(), { isOperator });
    },
  );
}

/** The place of a cursor; null for the first page. Errors: INVALID_REQUEST. */
function campaignPlace(cursor: string | undefined): CampaignPlace | null {
  const place = CAMPAIGNS.placeAfter(cursor);
  return place && { at: place[0], ended: place[1] !== 0, id: place[2] };
}

/**
 * Reports two facts that the till's answer implies: the user exists, and the campaign is sold out.
 */
function observed(submission: Submission, { onKnownUser, onSoldOut }: { onKnownUser: () => void; onSoldOut: () => void }): Submission {
  return {
    ...submission,
    onResponse({ status }) {
      if (status === 201) onKnownUser();
    },
    onError(error) {
      const code = error instanceof Refusal ? error.code : null;
      if (code === "COUPON_SOLD_OUT" || code === "COUPON_ALREADY_ISSUED") onKnownUser();
      if (code === "COUPON_SOLD_OUT") onSoldOut();
    },
  };
}
