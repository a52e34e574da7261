// Stock that orders take and return.

import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { variants } from "./catalog.sql.ts";

/** Takes units of a variant out of stock. Errors: STOCK_INSUFFICIENT, PRODUCT_NOT_FOUND. */
export function takeStock(uow: UnitOfWork, { productId, variantId, quantity }: { productId: string; variantId: string; quantity: number }): void {
  const variant = uow.find(variants, variantId) ?? refuse("PRODUCT_NOT_FOUND", { productId, variantId });
  if (variant.stock < quantity) refuse("STOCK_INSUFFICIENT", { productId, variantId, requested: quantity, available: variant.stock });
  uow.put(variants, variantId, { ...variant, stock: variant.stock - quantity });
}

/** Returns units that an order took. */
export function returnStock(uow: UnitOfWork, { variantId, quantity }: { variantId: string; quantity: number }): void {
  const variant = uow.find(variants, variantId);
  if (variant === undefined) throw new Error(`variant ${variantId} was sold and no longer exists`);
  uow.put(variants, variantId, { ...variant, stock: variant.stock + quantity });
}
