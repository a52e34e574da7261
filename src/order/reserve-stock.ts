import { returnStock, takeStock } from "../catalog/stock.ts";
import { getUsableCoupon, returnCoupon, useCoupon } from "../coupon/use-coupon.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import type { Order } from "./order.ts";

/**
 * Takes the stock and the coupon of an order. Errors: STOCK_INSUFFICIENT, COUPON_NOT_FOUND,
 * COUPON_UNUSABLE.
 */
export function reserveStock(uow: UnitOfWork, order: Order): void {
  for (const item of order.items) takeStock(uow, item);
  if (order.userCouponId !== null) useCoupon(uow, getUsableCoupon(uow, order.userCouponId, order.userId, order.totalAmount), order.id);
}

/** Returns the stock and the coupon of an order whose payment failed. */
export function restoreStock(uow: UnitOfWork, order: Order): void {
  for (const item of order.items) returnStock(uow, item);
  if (order.userCouponId !== null) returnCoupon(uow, order.userCouponId, order.id);
}
