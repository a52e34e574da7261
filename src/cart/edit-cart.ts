import type { Wallet } from "../balance/balance.ts";
import { users } from "../balance/balance.sql.ts";
import { displayName, variantStatus } from "../catalog/catalog.ts";
import { products, variants } from "../catalog/catalog.sql.ts";
import { productDetails, variantDetails } from "../catalog/details.sql.ts";
import { getProduct, getVariantForSale } from "../catalog/get-variant.ts";
import { soleVariant } from "../catalog/sole-variant.ts";
import type { VariantCache } from "../catalog/variant-cache.ts";
import { productLimits } from "../drop/product-limits.sql.ts";
import type { Database } from "../database/pool.ts";
import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { type Need, need } from "../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { CART_MAX, type CartItem } from "./cart.ts";
import { carts, selectCartVariant } from "./cart.sql.ts";
import { type CartItemView, cartItemView } from "./cart-view.ts";
import { cartNeeds, getCart, getCartItem } from "./get-cart.ts";

/** `prepare` fills in `variantIds`, the variants of the product. */
export type AddToCart = { userId: string; productId: string; variantId?: string; quantity: number; variantIds?: string[] };

/**
 * Adds a variant to the cart. `variantId` is optional if the product has one variant. Reserves
 * nothing.
 * Errors: USER_NOT_FOUND, PRODUCT_NOT_FOUND, PRODUCT_NOT_FOR_SALE, CART_ITEM_DUPLICATE,
 * INVALID_REQUEST.
 */
export function addToCart(variantCache: VariantCache): Command<AddToCart, CartItemView> {
  return command<AddToCart, CartItemView>({
    name: "add to cart",
    prepare(input) {
      const variantIds = variantCache.variantsOf(input.productId);
      if (variantIds instanceof Promise) return variantIds.then((ids = []) => ({ ...input, variantIds: ids }));
      return { ...input, variantIds: variantIds ?? [] };
    },
    needs: (input) => [...cartNeeds(input.userId), ...viewNeeds({ productId: input.productId, variantId: variantOf(input) })],

    decide(uow, input) {
      const { userId, productId, quantity } = input;
      const cart = getCart(uow, userId);
      const product = getProduct(uow, productId, uow.find(users, userId) as Wallet);
      const variantId = soleVariant(input, product, input.variantIds ?? [], "/variantId");
      getVariantForSale(uow, productId, variantId);
      if (cart.some((item) => item.variantId === variantId)) refuse("CART_ITEM_DUPLICATE", { productId, variantId });
      if (cart.length >= CART_MAX) invalid("", `a cart holds at most ${CART_MAX} items`);

      const item: CartItem = { id: uow.newId(), productId, variantId, quantity, createdAt: uow.now };
      uow.put(carts, userId, [...cart, item]);
      return viewItem(uow, item);
    },
  });
}

function variantOf({ variantId, variantIds = [] }: AddToCart): string | undefined {
  return variantId ?? (variantIds.length === 1 ? variantIds[0] : undefined);
}

/** `prepare` fills in `variant`, the item's variant. */
export type SetQuantity = { userId: string; itemId: string; quantity: number; variant?: { productId: string; variantId: string } };

/** Changes the quantity of a cart item. Errors: USER_NOT_FOUND, CART_ITEM_NOT_FOUND. */
export function setQuantity(database: Database): Command<SetQuantity, CartItemView> {
  return command<SetQuantity, CartItemView>({
    name: "set cart quantity",
    async prepare(input) {
      const [variant] = await database.rows<NonNullable<SetQuantity["variant"]>>(selectCartVariant(input.userId, input.itemId));
      return variant ? { ...input, variant } : input;
    },
    needs: ({ userId, variant }) => [...cartNeeds(userId), ...(variant ? viewNeeds(variant) : [])],

    decide(uow, { userId, itemId, quantity }) {
      const changed = { ...getCartItem(uow, userId, itemId), quantity };
      if (!uow.holds(variants, changed.variantId)) throw new NeedsChanged();
      uow.put(
        carts,
        userId,
        getCart(uow, userId).map((item) => (item.id === itemId ? changed : item)),
      );
      return viewItem(uow, changed);
    },
  });
}

/** Removes an item from the cart. Errors: USER_NOT_FOUND, CART_ITEM_NOT_FOUND. */
export const removeFromCart = command<{ userId: string; itemId: string }, null>({
  name: "remove from cart",
  needs: ({ userId }) => cartNeeds(userId),

  decide(uow, { userId, itemId }) {
    const { id } = getCartItem(uow, userId, itemId);
    uow.put(
      carts,
      userId,
      getCart(uow, userId).filter((item) => item.id !== id),
    );
    return null;
  },
});

/** Removes all items from the cart. Errors: USER_NOT_FOUND. */
export const emptyCart = command<{ userId: string }, null>({
  name: "empty cart",
  needs: ({ userId }) => cartNeeds(userId),

  decide(uow, { userId }) {
    if (getCart(uow, userId).length > 0) uow.put(carts, userId, []);
    return null;
  },
});

/** The rows that `viewItem` reads. */
function viewNeeds({ productId, variantId }: { productId: string; variantId: string | undefined }): Need[] {
  const product = [need(products, productId), need(productDetails, productId), need(productLimits, productId)];
  return variantId === undefined ? product : [...product, need(variants, variantId), need(variantDetails, variantId)];
}

function viewItem(uow: UnitOfWork, { id, productId, variantId, quantity }: CartItem): CartItemView {
  const product = uow.find(products, productId) ?? refuse("PRODUCT_NOT_FOUND", { productId });
  const variant = uow.find(variants, variantId) ?? refuse("PRODUCT_NOT_FOUND", { productId, variantId });
  const { price, stock } = variant;
  const imageUrl = uow.find(variantDetails, variantId)?.imageUrl ?? uow.find(productDetails, productId)?.images[0]?.url ?? null;
  return cartItemView(
    { id, productId, variantId, quantity },
    { name: displayName(product, variant), price, stock, status: variantStatus(product, variant), imageUrl },
    uow.find(productLimits, productId) ?? { dropId: null, limitPerCustomer: null },
  );
}
