// Carts of a unit of work. The lock of the user protects the user's cart, like the wallet.

import { users } from "../balance/balance.sql.ts";
import { getWallet } from "../balance/customer.ts";
import { refuse } from "../refusal.ts";
import { type Need, need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import type { CartItem } from "./cart.ts";
import { carts } from "./cart.sql.ts";

/** The rows that `getCart` and `getCartItem` read. */
export function cartNeeds(userId: string): Need[] {
  return [need(users, userId), need(carts, userId)];
}

/** The user's cart, oldest item first. Errors: USER_NOT_FOUND. */
export function getCart(uow: UnitOfWork, userId: string): CartItem[] {
  getWallet(uow, userId);
  return uow.find(carts, userId) ?? [];
}

/** One item of the user's cart. Errors: USER_NOT_FOUND, CART_ITEM_NOT_FOUND. */
export function getCartItem(uow: UnitOfWork, userId: string, itemId: string): CartItem {
  return getCart(uow, userId).find((item) => item.id === itemId) ?? refuse("CART_ITEM_NOT_FOUND", { id: itemId });
}
