// Campaigns as operators create and edit them.

import Type from "typebox";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Instant, Nullable, Text, Version } from "../http/schemas.ts";
import { CampaignSchema, DiscountSchema } from "./coupon.schemas.ts";
import { type CampaignFields, closeCampaign, createCampaign, editCampaign } from "./edit-campaign.ts";

const fields = {
  name: Text(300),
  discount: DiscountSchema,
  totalQuantity: Type.Integer({ minimum: 1, maximum: 100_000_000 }),
  opensAt: Type.Optional(Instant()),
  closesAt: Type.Optional(Nullable(Instant())),
  validDays: Type.Optional(Nullable(Type.Integer({ minimum: 1, maximum: 36_500 }))),
  expiresAt: Type.Optional(Nullable(Instant())),
};
const EditBody = Body({
  version: Type.Optional(
    Version("The version that was read; if the current version differs: 409 `VERSION_CONFLICT` with the current campaign as `current`"),
  ),
  ...fields,
  name: Type.Optional(fields.name),
  discount: Type.Optional(DiscountSchema),
  totalQuantity: Type.Optional(fields.totalQuantity),
});

export function couponAdminRoutes(routes: Routes): void {
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
        "Without `opensAt` it opens immediately. With `validDays` n a coupon is valid to the end of the n-th day after the day of issue, in the shop's time zone; its `expiresAt` is the first instant after that day. If the campaign has an `expiresAt`, the coupon expires at the earlier of the two; with neither it does not expire.",
      body: Body(fields),
      answers: { 201: CampaignSchema },
    },
    ({ body }) => submit(createCampaign, withInstants(body) as CampaignFields, 201),
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
      params: Type.Object({ id: Id() }),
      body: EditBody,
      answers: { 200: CampaignSchema },
      refusals: ["COUPON_NOT_FOUND", "VERSION_CONFLICT"],
    },
    ({ params, body: { version, ...body } }) =>
      submit(editCampaign, { couponId: params.id, ...(version === undefined ? {} : { version }), fields: withInstants(body) }),
  );

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
      params: Type.Object({ id: Id() }),
      body: Body({}),
      answers: { 200: CampaignSchema },
      refusals: ["COUPON_NOT_FOUND"],
    },
    ({ params }) => submit(closeCampaign, { couponId: params.id }),
  );
}

type SentFields = Omit<Partial<CampaignFields>, "opensAt" | "closesAt" | "expiresAt"> & {
  opensAt?: string;
  closesAt?: string | null;
  expiresAt?: string | null;
};

/** Converts the instants of a request to ms. */
function withInstants({ opensAt, closesAt, expiresAt, ...rest }: SentFields): Partial<CampaignFields> {
  return {
    ...rest,
    ...(opensAt === undefined ? {} : { opensAt: Date.parse(opensAt) }),
    ...(closesAt === undefined ? {} : { closesAt: closesAt === null ? null : Date.parse(closesAt) }),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt === null ? null : Date.parse(expiresAt) }),
  };
}
