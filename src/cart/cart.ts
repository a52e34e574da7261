// The cart: what a user means to buy. Guarded by the user's lock, like the wallet.

import { refuse } from "../refusal.ts";
import { users } from "../balance/balance.sql.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { carts } from "./cart.sql.ts";

export type CartItem = { id: string; productId: string; variantId: string; quantity: number; createdAt: number };

export const CART_MAX = 2000;

/** The user's cart, oldest first. The user must be locked. Errors: USER_NOT_FOUND. */
export function cartOf(uow: UnitOfWork, userId: string): CartItem[] {
  if (!uow.find(users, userId)) refuse("USER_NOT_FOUND", { userId });
  return uow.find(carts, userId) ?? [];
}

/** One item of the user's cart. Errors: USER_NOT_FOUND, CART_ITEM_NOT_FOUND. */
export function itemOf(uow: UnitOfWork, userId: string, itemId: string): CartItem {
  return cartOf(uow, userId).find((item) => item.id === itemId) ?? refuse("CART_ITEM_NOT_FOUND", { id: itemId });
}
