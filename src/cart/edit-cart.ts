import type { Wallet } from "../balance/balance.ts";
import { users } from "../balance/balance.sql.ts";
import { displayName, forSale, productFor, variantStatus } from "../catalog/catalog.ts";
import { products, variants } from "../catalog/catalog.sql.ts";
import type { VariantCache } from "../catalog/variant-cache.ts";
import { soleVariant } from "../catalog/sole-variant.ts";
import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { type Need, need } from "../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { CART_MAX, type CartItem, cartOf, itemOf } from "./cart.ts";
import { carts } from "./cart.sql.ts";
import { type CartItemView, cartItemView } from "./cart-view.ts";

export type AddToCart = { userId: string; productId: string; variantId?: string; quantity: number; variantIds?: string[] };

/**
 * Puts a variant into the cart; `variantId` may be left out where the product has one. Nothing is reserved.
 * Errors: USER_NOT_FOUND, PRODUCT_NOT_FOUND, PRODUCT_NOT_FOR_SALE, CART_ITEM_DUPLICATE, INVALID_REQUEST.
 */
export function addToCart(facts: VariantCache): Command<AddToCart, CartItemView> {
  return command<AddToCart, CartItemView>({
    name: "add to cart",
    prepare(input) {
      const variantIds = facts.variantsOf(input.productId);
      if (variantIds instanceof Promise) return variantIds.then((ids = []) => ({ ...input, variantIds: ids }));
      return { ...input, variantIds: variantIds ?? [] };
    },
    needs: (input) => [...cartNeeds(input.userId), need(products, input.productId), ...variantNeed(input)],

    decide(uow, input) {
      const { userId, productId, quantity } = input;
      const cart = cartOf(uow, userId);
      productFor(uow, productId, uow.find(users, userId) as Wallet);
      const variantId = soleVariant(input, input.variantIds ?? [], "/variantId");
      forSale(uow, productId, variantId);
      if (cart.some((item) => item.variantId === variantId)) refuse("CART_ITEM_DUPLICATE", { productId, variantId });
      if (cart.length >= CART_MAX) invalid("", `a cart holds at most ${CART_MAX} items`);

      const item: CartItem = { id: uow.newId(), productId, variantId, quantity, createdAt: uow.now };
      uow.put(carts, userId, [...cart, item]);
      return view(uow, item);
    },
  });
}

function variantNeed({ variantId, variantIds = [] }: AddToCart): Need[] {
  const id = variantId ?? (variantIds.length === 1 ? variantIds[0] : undefined);
  return id === undefined ? [] : [need(variants, id)];
}

export type SetQuantity = { userId: string; itemId: string; quantity: number; article?: { productId: string; variantId: string } };

/** Changes how many of an item are meant to be bought. Errors: USER_NOT_FOUND, CART_ITEM_NOT_FOUND. */
export function setQuantity(articleOf: (userId: string, itemId: string) => Promise<SetQuantity["article"]>): Command<SetQuantity, CartItemView> {
  return command<SetQuantity, CartItemView>({
    name: "set cart quantity",
    prepare: (input) => articleOf(input.userId, input.itemId).then((article) => (article ? { ...input, article } : input)),
    needs: ({ userId, article }) => [
      ...cartNeeds(userId),
      ...(article ? [need(products, article.productId), need(variants, article.variantId)] : []),
    ],

    decide(uow, { userId, itemId, quantity }) {
      const changed = { ...itemOf(uow, userId, itemId), quantity };
      if (!uow.holds(variants, changed.variantId)) throw new NeedsChanged();
      uow.put(
        carts,
        userId,
        cartOf(uow, userId).map((item) => (item.id === itemId ? changed : item)),
      );
      return view(uow, changed);
    },
  });
}

/** Takes an item out of the cart. Errors: USER_NOT_FOUND, CART_ITEM_NOT_FOUND. */
export const removeFromCart = command<{ userId: string; itemId: string }, null>({
  name: "remove from cart",
  needs: ({ userId }) => cartNeeds(userId),

  decide(uow, { userId, itemId }) {
    const { id } = itemOf(uow, userId, itemId);
    uow.put(
      carts,
      userId,
      cartOf(uow, userId).filter((item) => item.id !== id),
    );
    return null;
  },
});

function cartNeeds(userId: string): Need[] {
  return [need(users, userId), need(carts, userId)];
}

function view(uow: UnitOfWork, { id, productId, variantId, quantity }: CartItem): CartItemView {
  const product = uow.find(products, productId) ?? refuse("PRODUCT_NOT_FOUND", { productId });
  const variant = uow.find(variants, variantId) ?? refuse("PRODUCT_NOT_FOUND", { productId, variantId });
  const { price, stock } = variant;
  return cartItemView(
    { id, productId, variantId, quantity },
    { name: displayName(product, variant), price, stock, status: variantStatus(product, variant) },
  );
}
