import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { couponStatus } from "./coupon.ts";
import { userCoupons } from "./coupon.sql.ts";

/** Marks the expired ones among these coupons, and returns their number. */
export const expireCoupon = command<{ userCouponIds: string[] }, number>({
  name: "expire coupons",
  needs: ({ userCouponIds }) => userCouponIds.map((id) => need(userCoupons, id)),

  decide(uow, { userCouponIds }) {
    let expired = 0;
    for (const id of userCouponIds) {
      const coupon = uow.find(userCoupons, id);
      if (!coupon || coupon.status !== "AVAILABLE" || couponStatus(coupon, uow.now) !== "EXPIRED") continue;
      uow.put(userCoupons, id, { ...coupon, status: "EXPIRED" });
      expired++;
    }
    return expired;
  },
});
