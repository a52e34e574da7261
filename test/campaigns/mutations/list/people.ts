// Coupons of operators, granted money that is taken back, and personal data.

import { type Mutation, mutation } from "../mutation.ts";

const COUPONS = "test/api/operators-coupons.test.ts";
const REVOKED = "test/api/revoked-balances.test.ts";
const ERASURE = "test/api/erasure.test.ts";
const ERASURE_RULES = "test/rules/erasure.test.ts";
const ADD_UP = "test/rules/returns-add-up.test.ts";
const IDENTITY = "test/api/identity.test.ts";
const [ERASE, BELONGINGS] = ["src/privacy/erase-user.ts", "src/privacy/belongings.sql.ts"];
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
    "a request for more coupons than are left issues none",
  ]),
  mutation(
    "a used coupon that was voided does not become available",
    "src/coupon/use-coupon.ts",
    'coupon.voidedAt === null ? "AVAILABLE" : "VOID"',
    '"AVAILABLE"',
    [COUPONS, "a used coupon of a voided campaign is void once its order is refunded"],
  ),
  mutation("a page of an export is bounded by its size", "src/export/export.sql.ts", "upto <= ${PAGE_BYTES} OR place = 1", "true", [
    "test/process/import-export.test.ts",
    "a page of large orders, products and users is bounded by its size",
  ]),
  mutation("the audit finds more money taken back than was granted", "src/audit/1-balances.ts", "t.granted < 0", "false", [
    "test/database/audit.test.ts",
    "",
  ]),
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
  mutation("erasing clears addresses and notes of orders", ERASE, "if (isPersonal(order)) uow.put", "if (false) uow.put", [
    ERASURE,
    "no column of the database",
  ]),
  mutation("erasing clears reasons of returns", BELONGINGS, "eraseReturns(after.orderIds), ", "", [ERASURE, "no column of the database"]),
  mutation(
    "erasing clears stored responses",
    BELONGINGS,
    "[eraseReturns(after.orderIds), ...eraseResponses(key, after)]",
    "[eraseReturns(after.orderIds)]",
    [ERASURE, "no column of the database"],
  ),
  mutation("an erasure keeps its own stored response", BELONGINGS, "(id) => id), erasureResponse(userId)]", '(id) => id), ""]', [
    ERASURE,
    "a repeat of a request of an erased user",
  ]),
  mutation(
    "a user with an unshipped order is not erased",
    ERASE,
    'isPaid && fulfilmentStatus !== "SHIPPED"',
    'false && fulfilmentStatus !== "SHIPPED"',
    [ERASURE, "a user with an open order, a return, or money cannot be erased"],
  ),
  mutation("a user with money is not erased", ERASE, "wallet.balance !== 0", "false", [
    ERASURE,
    "a user with an open order, a return, or money cannot be erased",
  ]),
  mutation("an order of the same round is not overlooked by an erasure", ERASE, " || isWritten(uow, userId, owned)", "", [
    ERASURE_RULES,
    "an order or a charge that an earlier command of the round has made",
  ]),
  mutation("a user with an open charge is not erased", ERASE, "owned.openCharges > 0", "false", [ERASURE_RULES, "a user with money"]),
  mutation("a user with a refund in progress is not erased", ERASE, 'uow.find(refunds, id)?.status === "PENDING"', "false", [
    ERASURE_RULES,
    "a user with a refund in progress",
  ]),
  mutation("an erased user gets no orders", "src/balance/customer.ts", "wallet?.erased ? undefined : wallet", "wallet", [
    ERASURE,
    "an erased user is no customer any more",
  ]),
  mutation("an instance forgets the user of an erased external id", "src/balance/accounts.ts", "else this.#ids.delete(externalId);", "", [
    IDENTITY,
    "an issuer's shopper whose user was erased is a new user at every instance",
  ]),
  mutation(
    "units that are not sold again are written off",
    "src/order/fulfilment.ts",
    "if (lost > 0) after.writtenOff",
    "if (false) after.writtenOff",
    [ADD_UP, "refunds and returns of random parts add up"],
  ),
];
