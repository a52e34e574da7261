// Campaigns as operators create and edit them.

import Type from "typebox";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import { isSentBy } from "../events/sent-events.ts";
import { MetadataPatchSchema, MetadataSchema } from "../http/metadata.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Instant, Nullable, OneOf, Text, Version } from "../http/schemas.ts";
import { CampaignSchema, DiscountSchema } from "./coupon.schemas.ts";
import { CAMPAIGN_VISIBILITIES } from "./coupon.ts";
import { closeCampaign, createCampaign, type EditCampaign, editCampaign, type NewCampaign } from "./edit-campaign.ts";
import { issueCoupons } from "./issue-coupons.ts";
import { voidCampaign } from "./void-campaign.ts";

const Params = Type.Object({ id: Id() });
const fields = {
  name: Text(300),
  discount: DiscountSchema,
  totalQuantity: Type.Integer({ minimum: 1, maximum: 100_000_000 }),
  opensAt: Type.Optional(Instant()),
  closesAt: Type.Optional(Nullable(Instant())),
  validDays: Type.Optional(Nullable(Type.Integer({ minimum: 1, maximum: 36_500 }))),
  expiresAt: Type.Optional(Nullable(Instant())),
  visibility: Type.Optional(OneOf(CAMPAIGN_VISIBILITIES)),
};
const EditBody = Body({
  version: Type.Optional(
    Version("The version that was read; if the current version differs: 409 `VERSION_CONFLICT` with the current campaign as `current`"),
  ),
  ...fields,
  name: Type.Optional(fields.name),
  discount: Type.Optional(DiscountSchema),
  totalQuantity: Type.Optional(fields.totalQuantity),
  metadata: Type.Optional(MetadataPatchSchema()),
});

type CouponAdminParts = { config: Pick<Config, "timezone" | "platformEvents">; database: Database };

export function couponAdminRoutes(routes: Routes, parts: CouponAdminParts): void {
  editRoutes(routes);
  closeRoutes(routes, parts.database);
  issueRoute(routes, parts);
}

function editRoutes(routes: Routes): void {
  routes.write(
    {
      method: "POST",
      path: "/admin/coupons",
      operationId: "createCoupon",
      audience: "operator",
      permission: "coupons",
      tag: "Coupons",
      summary: "Create a campaign",
      description:
        "Without `opensAt` it opens immediately. With `validDays` n a coupon is valid to the end of the n-th day after the day of issue, in the shop's time zone; its `expiresAt` is the first instant after that day. If the campaign has an `expiresAt`, the coupon expires at the earlier of the two; with neither it does not expire. A PRIVATE campaign exists for operators only, who issue its coupons.",
      body: Body({ ...fields, metadata: Type.Optional(MetadataSchema()) }),
      answers: { 201: CampaignSchema },
    },
    ({ body }) => submit(createCampaign, withInstants(body) as NewCampaign, 201),
  );

  routes.write(
    {
      method: "PATCH",
      path: "/admin/coupons/{id}",
      operationId: "editCoupon",
      audience: "operator",
      permission: "coupons",
      tag: "Coupons",
      summary: "Change a campaign",
      description:
        "Takes any subset. After the first coupon is issued the discount can't change, and the total can't fall below the number issued. Unchanged values have no effect. Issued coupons keep their `expiresAt`. With `version`, the edit is refused if another edit came first.",
      params: Params,
      body: EditBody,
      answers: { 200: CampaignSchema },
      refusals: ["COUPON_NOT_FOUND", "VERSION_CONFLICT"],
    },
    ({ params, body: { version, ...body } }) =>
      submit(editCampaign, { couponId: params.id, ...(version === undefined ? {} : { version }), fields: withInstants(body) }),
  );
}

function closeRoutes(routes: Routes, database: Database): void {
  routes.write(
    {
      method: "POST",
      path: "/admin/coupons/{id}/close",
      operationId: "closeCoupon",
      audience: "operator",
      permission: "coupons",
      tag: "Coupons",
      summary: "Stop issuing coupons of a campaign now, by the shop's clock",
      description:
        "Issued coupons stay usable. A campaign that has not opened yet is closed as well and does not open. A campaign that is over does not change, so a repeated request does no harm. `closesAt: null` opens it again.",
      params: Params,
      body: Body({}),
      answers: { 200: CampaignSchema },
      refusals: ["COUPON_NOT_FOUND"],
    },
    ({ params }) => submit(closeCampaign, { couponId: params.id }),
  );

  const voidCoupons = voidCampaign(database);
  routes.write(
    {
      method: "POST",
      path: "/admin/coupons/{id}/void",
      operationId: "voidCoupons",
      audience: "operator",
      permission: "coupons",
      tag: "Coupons",
      summary: "Make all coupons of a campaign unusable that are still AVAILABLE",
      description:
        "Orders that were paid with a coupon keep their discount; when such an order is refunded, its coupon becomes VOID. Does not stop issuing: close the campaign first.",
      params: Params,
      body: Body({ reason: Text(500) }),
      answers: { 200: Type.Object({ voided: Type.Integer({ description: "Count of the coupons that were available" }) }) },
      refusals: ["COUPON_NOT_FOUND"],
    },
    ({ params }) => submit(voidCoupons, { couponId: params.id }),
  );
}

function issueRoute(routes: Routes, { config: { timezone, platformEvents } }: CouponAdminParts): void {
  const announced = isSentBy(platformEvents)("coupon.issued");

  routes.write(
    {
      method: "POST",
      path: "/admin/coupons/{id}/issue",
      operationId: "issueCoupons",
      audience: "operator",
      permission: "coupons",
      bulk: true,
      tag: "Coupons",
      summary: "Issue a coupon to each of up to 10,000 users, all or nothing",
      description:
        "A user who is named twice counts once, and a user who has the coupon keeps it. A refusal names the first 20 unknown users in `errors` and counts all of them in `faultyRows`.",
      params: Params,
      body: Body({ userIds: Type.Array(Id(), { minItems: 1, maxItems: 10_000 }) }),
      answers: {
        200: Type.Object({
          issued: Type.Integer({ description: "Count of the users who got the coupon now" }),
          alreadyHad: Type.Integer({ description: "Count of the users who had it before" }),
        }),
      },
      refusals: ["COUPON_NOT_FOUND", "USER_NOT_FOUND", "COUPON_CLOSED", "COUPON_SOLD_OUT"],
    },
    ({ params, body: { userIds } }) =>
      submit(issueCoupons, { couponId: params.id, userIds: userIds.map((id) => id.toLowerCase()), timezone, announced }),
  );
}

type SentFields = Omit<EditCampaign["fields"], "opensAt" | "closesAt" | "expiresAt"> & {
  opensAt?: string;
  closesAt?: string | null;
  expiresAt?: string | null;
};

/** Converts the instants of a request to ms. */
function withInstants({ opensAt, closesAt, expiresAt, ...rest }: SentFields): EditCampaign["fields"] {
  return {
    ...rest,
    ...(opensAt === undefined ? {} : { opensAt: Date.parse(opensAt) }),
    ...(closesAt === undefined ? {} : { closesAt: closesAt === null ? null : Date.parse(closesAt) }),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt === null ? null : Date.parse(expiresAt) }),
  };
}
