import { returnStock, takeStock } from "../catalog/catalog.ts";
import { returnCoupon, takeCoupon, usableCoupon } from "../coupon/coupon.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import type { Order, OrderItem } from "./order.ts";

/** Takes what an order needs besides money: its stock and its coupon. Errors: STOCK_INSUFFICIENT, COUPON_NOT_FOUND, COUPON_UNUSABLE. */
export function reserveStock(uow: UnitOfWork, order: Order, items: OrderItem[]): void {
  for (const item of items) takeStock(uow, item);
  if (order.userCouponId !== null) takeCoupon(uow, usableCoupon(uow, order.userCouponId, order.userId, order.totalAmount), order.id);
}

/** Gives it back, all of it, because the money never came. */
export function restoreStock(uow: UnitOfWork, order: Order, items: OrderItem[]): void {
  for (const item of items) returnStock(uow, item);
  if (order.userCouponId !== null) returnCoupon(uow, order.userCouponId, order.id);
}
