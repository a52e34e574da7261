import { sameRehearsal } from "../balance/balance.ts";
import { members } from "../balance/balance.sql.ts";
import { getMember } from "../balance/customer.ts";
import { iso, isoOrNull } from "../database/statement.ts";
import { type ShopEvent, shopEvents } from "../events/shop-events.ts";
import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { type Campaign, expiryOf, isOpen, isSoldOut, type UserCoupon, withSoldOutAt } from "./coupon.ts";
import { campaigns } from "./campaign.sql.ts";
import { claimKey, claims, userCoupons } from "./coupon.sql.ts";

/** How coupons are issued. */
export type IssueTerms = {
  /** The shop's time zone, in which days of validity end. */
  timezone: string;
  /** Whether sinks are told of issued coupons; absent: no. */
  announced?: boolean;
};
/** `byOperator`: only operators issue coupons of private campaigns; absent: no. */
export type IssueCoupon = { couponId: string; userId: string; byOperator?: boolean } & IssueTerms;

/**
 * Issues one coupon of a campaign to a user while coupons remain, first come, first served.
 * Errors, in this order: USER_NOT_FOUND, COUPON_NOT_FOUND, COUPON_ALREADY_ISSUED, COUPON_CLOSED,
 * COUPON_SOLD_OUT.
 */
export const issueCoupon = command<IssueCoupon, UserCoupon>({
  name: "issue coupon",
  needs: ({ couponId, userId }) => [need(members, userId), need(campaigns, couponId), need(claims, claimKey(couponId, userId))],

  decide(uow, { couponId, userId, byOperator = false, ...terms }) {
    const member = getMember(uow, userId);
    const campaign = uow.find(campaigns, couponId);
    if (!campaign || !sameRehearsal(campaign, member) || (campaign.visibility === "PRIVATE" && !byOperator)) refuse("COUPON_NOT_FOUND", { couponId });
    if (uow.find(claims, claimKey(couponId, userId))) refuse("COUPON_ALREADY_ISSUED", { couponId });
    if (!isOpen(campaign, uow.now)) refuse("COUPON_CLOSED", { couponId });
    if (isSoldOut(campaign)) refuse("COUPON_SOLD_OUT", { couponId });

    // Below this line the coupon is issued.
    const [coupon] = issue(uow, campaign, [userId], terms);
    return coupon as UserCoupon;
  },

  view: ({ id, couponId, issuedAt, expiresAt }) => ({ userCouponId: id, couponId, issuedAt: iso(issuedAt), expiresAt: isoOrNull(expiresAt) }),
});

/** Issues a coupon to each of these users, who have none. The same decision must have found enough. */
export function issue(uow: UnitOfWork, campaign: Campaign, userIds: readonly string[], { timezone, announced = false }: IssueTerms): UserCoupon[] {
  const expiresAt = expiryOf(campaign, uow.now, timezone);
  const issued = userIds.map((userId): UserCoupon => ({
    id: uow.newId(),
    couponId: campaign.id,
    userId,
    status: "AVAILABLE",
    issuedAt: uow.now,
    expiresAt,
    usedAt: null,
    voidedAt: null,
    orderId: null,
    discount: campaign.discount,
  }));
  uow.put(campaigns, campaign.id, withSoldOutAt({ ...campaign, issuedQuantity: campaign.issuedQuantity + issued.length }, uow.now));
  for (const coupon of issued) {
    uow.put(userCoupons, coupon.id, coupon);
    uow.put(claims, claimKey(campaign.id, coupon.userId), coupon.id);
    if (announced && campaign.rehearsalId === null) uow.append(shopEvents, issuedEvent(uow, campaign, coupon));
  }
  return issued;
}

function issuedEvent(uow: UnitOfWork, { name, discount }: Campaign, { id, couponId, userId, issuedAt, expiresAt }: UserCoupon): ShopEvent {
  const data = { userCouponId: id, couponId, name, discount, userId, issuedAt: iso(issuedAt), expiresAt: isoOrNull(expiresAt) };
  return { id: uow.newId(), subject: id, type: "coupon.issued", data, at: uow.now };
}
