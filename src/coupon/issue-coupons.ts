import { sameRehearsal } from "../balance/balance.ts";
import { members } from "../balance/balance.sql.ts";
import { findMember } from "../balance/customer.ts";
import { refuseRows, type RowFault } from "../balance/row-faults.ts";
import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { isOpen } from "./coupon.ts";
import { campaigns } from "./campaign.sql.ts";
import { claimKey, claims } from "./coupon.sql.ts";
import { issue, type IssueTerms } from "./issue-coupon.ts";

export type IssueCoupons = { couponId: string; userIds: string[] } & IssueTerms;
/** How many users have got a coupon now, and how many had one before. */
export type IssuedCoupons = { issued: number; alreadyHad: number };

/**
 * Issues a coupon of a campaign to each of these users who has none, all or nothing.
 * Errors, in this order: COUPON_NOT_FOUND, USER_NOT_FOUND with the first faulty rows, COUPON_CLOSED,
 * COUPON_SOLD_OUT.
 */
export const issueCoupons = command<IssueCoupons, IssuedCoupons>({
  name: "issue coupons",
  needs: ({ couponId, userIds }) => [
    need(campaigns, couponId),
    ...userIds.flatMap((userId) => [need(members, userId), need(claims, claimKey(couponId, userId))]),
  ],

  decide(uow, { couponId, userIds, ...terms }) {
    const campaign = uow.find(campaigns, couponId) ?? refuse("COUPON_NOT_FOUND", { couponId });
    const faults = userIds.flatMap((userId, row): RowFault[] => {
      const member = findMember(uow, userId);
      if (member && sameRehearsal(campaign, member)) return [];
      return [{ path: `/userIds/${row}`, code: "USER_NOT_FOUND", message: "user does not exist", details: { userId } }];
    });
    if (faults.length > 0) refuseRows(faults, ["USER_NOT_FOUND"]);
    if (!isOpen(campaign, uow.now)) refuse("COUPON_CLOSED", { couponId });

    const users = [...new Set(userIds)];
    const without = users.filter((userId) => !uow.find(claims, claimKey(couponId, userId)));
    const available = campaign.totalQuantity - campaign.issuedQuantity;
    if (without.length > available) refuse("COUPON_SOLD_OUT", { couponId, requested: without.length, available });
    if (without.length > 0) issue(uow, campaign, without, terms);
    return { issued: without.length, alreadyHad: users.length - without.length };
  },
});
