// Coupons of operators, granted money that is taken back, and personal data.

import { type Mutation, mutation } from "../mutation.ts";

const COUPONS = "test/api/operators-coupons.test.ts";
const REVOKED = "test/api/revoked-balances.test.ts";
const REVOKE = "src/balance/revoke-balances.ts";

export const PEOPLE: Mutation[] = [
  mutation(
    "shoppers issue themselves no coupon of a private campaign",
    "src/coupon/issue-coupon.ts",
    'campaign.visibility === "PRIVATE" && !byOperator',
    "false",
    [COUPONS, "only operators see a private campaign, alone and in lists, and only they issue its coupons"],
  ),
  mutation("shoppers do not read a private campaign", "src/coupon/coupon.routes.ts", 'campaign.visibility === "PRIVATE" && !isOperator', "false", [
    COUPONS,
    "only operators see a private campaign, alone and in lists, and only they issue its coupons",
  ]),
  mutation("coupons for many users do not exceed the quantity", "src/coupon/issue-coupons.ts", "without.length > available", "false", [
    COUPONS,
    "more coupons than are left are issued to nobody",
  ]),
  mutation(
    "a used coupon that was voided does not become available",
    "src/coupon/use-coupon.ts",
    'coupon.voidedAt === null ? "AVAILABLE" : "VOID"',
    '"AVAILABLE"',
    [COUPONS, "a used coupon of a voided campaign is void once its order is refunded"],
  ),
  mutation("charged money is not taken back as granted", REVOKE, "Math.min(wallet.balance, uow.find(grantedMoney, userId) ?? 0)", "wallet.balance", [
    REVOKED,
    "money that was charged, and granted money that was taken back before, cannot be taken back",
  ]),
  mutation("rows of one user count together", REVOKE, "available.set(userId, most - amount);", "", [
    REVOKED,
    "each faulty row is named and nothing is taken back, and rows of one user count together",
  ]),
  mutation("a round counts the money that it takes back", REVOKE, "countGranted(uow, userId, -amount);", "", [
    REVOKED,
    "a round counts its own grants and revocations when it takes money back",
  ]),
];
