// Discounts in requests, and responses of the coupons' routes.

import Type from "typebox";
import { Amount, Body, Id, Instant, NextCursor, Nullable, OneOf, Version } from "../http/schemas.ts";
import { MetadataSchema } from "../http/metadata.ts";
import { CAMPAIGN_VISIBILITIES, type Discount } from "./coupon.ts";

const AMOUNT_MAX = 1_000_000_000_000;
const minOrderAmount = Type.Optional(Amount(0, AMOUNT_MAX));

/** `type` selects the shape, so that an error names the invalid field and not the other shape. */
export const DiscountSchema = Type.Unsafe<Discount>({
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

export const CampaignSchema = Type.Object(
  {
    id: Id(),
    name: Type.String(),
    discount: DiscountSchema,
    totalQuantity: Type.Integer(),
    remainingQuantity: Type.Integer(),
    opensAt: Instant(),
    closesAt: Nullable(Instant()),
    validDays: Nullable(Type.Integer()),
    expiresAt: Nullable(Instant()),
    status: OneOf(["UPCOMING", "OPEN", "SOLD_OUT", "CLOSED"]),
    version: Version("Raised by each edit of an operator, never by issuing"),
    visibility: Type.Optional(OneOf(CAMPAIGN_VISIBILITIES)),
    metadata: Type.Optional(MetadataSchema("Operators only: the shop's own data, up to 50 texts by key")),
  },
  { title: "Campaign" },
);

export const UserCouponListSchema = Type.Object({
  userCoupons: Type.Array(
    Type.Object(
      {
        id: Id(),
        couponId: Id(),
        name: Type.String(),
        discount: DiscountSchema,
        discountAmount: Nullable(Type.Integer({ description: "Null for a percentage" })),
        status: OneOf(["AVAILABLE", "USED", "EXPIRED", "VOID"]),
        issuedAt: Instant(),
        expiresAt: Nullable(Instant()),
        usedAt: Nullable(Instant()),
      },
      { title: "UserCoupon" },
    ),
  ),
  nextCursor: NextCursor,
  message: Type.Optional(Type.String({ description: "Only if the list is empty" })),
});
