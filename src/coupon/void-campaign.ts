import type { Database } from "../database/pool.ts";
import { refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { campaigns } from "./campaign.sql.ts";
import { couponStatus } from "./coupon.ts";
import { selectVoidable, userCoupons } from "./coupon.sql.ts";

/** `userCouponIds` is filled in by `prepare`. */
export type VoidCampaign = { couponId: string; userCouponIds?: string[] };

/**
 * Makes all coupons of a campaign unusable that are available. A coupon that an order uses becomes
 * void when the order gives it back. Coupons issued later are not affected.
 * Errors: COUPON_NOT_FOUND.
 */
export function voidCampaign(database: Database): Command<VoidCampaign, { voided: number }> {
  return command<VoidCampaign, { voided: number }>({
    name: "void campaign",

    // A coupon that is missing here is being issued at the same time, so it counts as issued later.
    async prepare(input) {
      const rows = await database.rows<{ id: string }>(selectVoidable(input.couponId));
      return { ...input, userCouponIds: rows.map(({ id }) => id) };
    },

    needs: ({ couponId, userCouponIds = [] }) => [need(campaigns, couponId), ...userCouponIds.map((id) => need(userCoupons, id))],

    decide(uow, { couponId, userCouponIds = [] }) {
      if (!uow.find(campaigns, couponId)) refuse("COUPON_NOT_FOUND", { couponId });
      let voided = 0;
      for (const id of userCouponIds) {
        const coupon = uow.find(userCoupons, id);
        if (!coupon || coupon.voidedAt !== null) continue;
        if (coupon.status === "USED") uow.put(userCoupons, id, { ...coupon, voidedAt: uow.now });
        if (couponStatus(coupon, uow.now) !== "AVAILABLE") continue;
        uow.put(userCoupons, id, { ...coupon, status: "VOID", voidedAt: uow.now });
        voided++;
      }
      return { voided };
    },
  });
}
