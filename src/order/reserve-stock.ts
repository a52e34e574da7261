import { returnStock, takeStock } from "../catalog/catalog.ts";
import { returnCoupon, takeCoupon, usableCoupon } from "../coupon/coupon.ts";
import type { WorkingSet } from "../till/unit-of-work.ts";
import type { Order, OrderItem } from "./order.ts";

/** Takes what an order needs besides money: its stock and its coupon. Errors: STOCK_INSUFFICIENT, COUPON_NOT_FOUND, COUPON_UNUSABLE. */
export function takeGoods(shop: WorkingSet, order: Order, items: OrderItem[]): void {
  for (const item of items) takeStock(shop, item);
  if (order.userCouponId !== null) takeCoupon(shop, usableCoupon(shop, order.userCouponId, order.userId, order.totalAmount), order.id);
}

/** Gives it back, all of it, because the money never came. */
export function returnGoods(shop: WorkingSet, order: Order, items: OrderItem[]): void {
  for (const item of items) returnStock(shop, item);
  if (order.userCouponId !== null) returnCoupon(shop, order.userCouponId, order.id);
}
