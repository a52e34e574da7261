import { variants } from "../catalog/catalog.sql.ts";
import { takeStock } from "../catalog/stock.ts";
import { getUsableCoupon, returnCoupon, useCoupon } from "../coupon/use-coupon.ts";
import { dropOf, freeUnits } from "../drop/succession.ts";
import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import type { Order } from "./order.ts";

const NONE: ReadonlySet<string> = new Set();

/**
 * Takes the stock and the coupon of an order.
 * @param held variants whose units a hold has taken
 * Errors: STOCK_INSUFFICIENT, DROP_SOLD_OUT, COUPON_NOT_FOUND, COUPON_UNUSABLE.
 */
export function reserveStock(uow: UnitOfWork, order: Order, held: ReadonlySet<string> = NONE): void {
  for (const item of order.items) {
    if (held.has(item.variantId)) continue;
    const { productId, variantId } = item;
    const variant = uow.find(variants, variantId);
    if (variant?.stock === 0) {
      const drop = dropOf(uow, productId);
      if (drop) refuse("DROP_SOLD_OUT", { dropId: drop.id, productId, variantId });
    }
    takeStock(uow, item, variant);
  }
  if (order.userCouponId !== null) useCoupon(uow, getUsableCoupon(uow, order.userCouponId, order.userId, order.totalAmount), order.id);
}

/** Returns the stock and the coupon of an order that is not paid. Errors: NeedsChanged. */
export function restoreStock(uow: UnitOfWork, order: Order): void {
  for (const item of order.items) freeUnits(uow, item);
  if (order.userCouponId !== null) returnCoupon(uow, order.userCouponId, order.id);
}
