import type { Member, Wallet } from "../balance/balance.ts";
import { members, users } from "../balance/balance.sql.ts";
import { cartOf } from "../cart/cart.ts";
import { carts, selectCartArticles } from "../cart/cart.sql.ts";
import { articleOf, displayName, forSale, productFor } from "../catalog/catalog.ts";
import { products, variants } from "../catalog/catalog.sql.ts";
import type { VariantCache } from "../catalog/variant-cache.ts";
import { soleVariant } from "../catalog/sole-variant.ts";
import { discountFor, ownCoupon, usableCoupon } from "../coupon/coupon.ts";
import { userCoupons } from "../coupon/coupon.sql.ts";
import type { Database } from "../database/pool.ts";
import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { type Need, need } from "../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { checkAmount, type Order, type OrderItem, type OrderView, orderView } from "./order.ts";
import { orderEvents, orderItems, orders } from "./order.sql.ts";
import { payFromBalance } from "./payment/pay-from-balance.ts";

export type LineItemRequest = { productId: string; variantId?: string; quantity: number };

export type PlaceOrder = {
  userId: string;
  /** What is bought, or null for whatever is in the cart. */
  lineItems: LineItemRequest[] | null;
  userCouponId: string | null;
  method: "BALANCE" | "DEFERRED";
  /** History brought in has a time of its own, in ms; null is now. */
  orderedAt: number | null;
  /** What the buyer was shown to pay, in minor units; null if the client did not say. */
  expectedAmount: number | null;
  expiresAfterMs: number;
  /** Filled in by `prepare`: the variants of each product, which never change, and what the cart held when it was read. */
  variantIds?: Map<string, string[]>;
  cartArticles?: { productId: string; variantId: string }[];
};

const MOST_PIECES = 1_000_000;

/**
 * Places an order and pays it from the balance in the same breath, or (DEFERRED) only writes it down to be paid later.
 * `fromCart` orders the whole cart and empties it. All or nothing.
 * Errors: USER_NOT_FOUND, PRODUCT_NOT_FOUND, PRODUCT_NOT_FOR_SALE, STOCK_INSUFFICIENT, COUPON_NOT_FOUND, COUPON_UNUSABLE,
 * AMOUNT_CHANGED, BALANCE_INSUFFICIENT, INVALID_REQUEST.
 */
export function placeOrder(facts: VariantCache, database: Database): Command<PlaceOrder, OrderView> {
  return command<PlaceOrder, OrderView>({
    name: "place order",

    prepare(input) {
      if (input.lineItems === null) {
        return database
          .rows<{ productId: string; variantId: string }>(selectCartArticles(input.userId))
          .then((cartArticles) => ({ ...input, cartArticles }));
      }
      const known = facts.variantsOfAll(input.lineItems.filter((article) => article.variantId === undefined).map((article) => article.productId));
      return known instanceof Promise ? known.then((variantIds) => ({ ...input, variantIds })) : { ...input, variantIds: known };
    },

    needs: (input) => [
      input.method === "DEFERRED" && input.lineItems !== null ? need(members, input.userId) : need(users, input.userId),
      ...(input.lineItems === null ? [need(carts, input.userId)] : []),
      ...articleNeeds(input),
      ...(input.userCouponId === null ? [] : [need(userCoupons, input.userCouponId)]),
    ],

    decide(uow, input) {
      // What is not there is said before what can't be done.
      const lines = input.lineItems === null ? linesOfCart(uow, input) : linesOf(uow, input, input.lineItems);
      if (input.userCouponId !== null) ownCoupon(uow, input.userCouponId, input.userId);
      const items = lines.map((line, i) => itemFor(uow, line, i));
      const order = newOrder(uow, input, items);
      checkAmount(order, input.expectedAmount);
      const paid = input.method === "BALANCE" ? payFromBalance(uow, order, items) : undefined;

      // Below this line the order stands.
      uow.put(orders, order.id, order);
      uow.put(orderItems, order.id, items);
      uow.append(orderEvents, { orderId: order.id, seq: 1, type: paid ? "order.completed" : "order.placed", data: null, at: order.createdAt });
      if (input.lineItems === null) uow.put(carts, input.userId, []);
      return orderView(order, items, paid);
    },
  });
}

function articleNeeds({ lineItems: articles, cartArticles = [], variantIds }: PlaceOrder): Need[] {
  if (articles === null) return cartArticles.flatMap(({ productId, variantId }) => [need(products, productId), need(variants, variantId)]);
  return articles.flatMap(({ productId, variantId }) => {
    const ids = variantId === undefined ? (variantIds?.get(productId) ?? []) : [variantId];
    return ids.length === 1 ? [need(products, productId), need(variants, ids[0] as string)] : [need(products, productId)];
  });
}

type Line = { productId: string; variantId: string; quantity: number };

function linesOfCart(uow: UnitOfWork, input: PlaceOrder): Line[] {
  const cart = cartOf(uow, input.userId);
  if (cart.length === 0) invalid("/fromCart", "the cart is empty");
  // The cart may have grown since it was read: then this order steps back and comes again with the right rows.
  if (cart.some((item) => !uow.holds(variants, item.variantId))) throw new NeedsChanged();
  const buyer = buyerOf(uow, input);
  for (const { productId } of cart) productFor(uow, productId, buyer);
  return cart;
}

/** Who buys. Errors: USER_NOT_FOUND. */
function buyerOf(uow: UnitOfWork, { method, lineItems: articles, userId }: PlaceOrder): Wallet | Member {
  const buyer = method === "DEFERRED" && articles !== null ? uow.find(members, userId) : uow.find(users, userId);
  return buyer ?? refuse("USER_NOT_FOUND", { userId });
}

/** The lines of an order. The same variant twice is one line of the sum, so that its stock is checked once for all of it. */
function linesOf(uow: UnitOfWork, input: PlaceOrder, lineItems: LineItemRequest[]): Line[] {
  const buyer = buyerOf(uow, input);
  const lines = new Map<string, Line>();
  lineItems.forEach((article, i) => {
    productFor(uow, article.productId, buyer);
    const variantId = soleVariant(article, input.variantIds?.get(article.productId) ?? [], `/orderItems/${i}/variantId`);
    articleOf(uow, article.productId, variantId);
    const quantity = (lines.get(variantId)?.quantity ?? 0) + article.quantity;
    if (quantity > MOST_PIECES) invalid(`/orderItems/${i}/quantity`, `together with the other lines of this variant it exceeds ${MOST_PIECES}`);
    lines.set(variantId, { productId: article.productId, variantId, quantity });
  });
  return [...lines.values()];
}

function itemFor(uow: UnitOfWork, { productId, variantId, quantity }: Line, line: number): OrderItem {
  const { product, variant } = forSale(uow, productId, variantId);
  return { variantId, productId, line, name: displayName(product, variant), unitPrice: variant.price, quantity, refundedQuantity: 0 };
}

/** The order itself: as good as completed where it is paid at once, else waiting for its payment until it expires. */
function newOrder(uow: UnitOfWork, input: PlaceOrder, items: OrderItem[]): Order {
  const totalAmount = items.reduce((sum, item) => sum + item.unitPrice * item.quantity, 0);
  if (!Number.isSafeInteger(totalAmount)) invalid("/orderItems", "the order's total is too large");
  const coupon = input.userCouponId === null ? undefined : usableCoupon(uow, input.userCouponId, input.userId, totalAmount);
  const createdAt = input.orderedAt ?? uow.now;
  const paid = input.method === "BALANCE";
  return {
    id: uow.newOrderId(createdAt),
    userId: input.userId,
    status: paid ? "COMPLETED" : "PENDING",
    changes: 1,
    userCouponId: coupon?.id ?? null,
    totalAmount,
    discountAmount: coupon ? discountFor(coupon.discount, totalAmount) : 0,
    refundedAmount: 0,
    createdAt,
    expiresAt: paid ? null : uow.now + input.expiresAfterMs,
    completedAt: paid ? createdAt : null,
  };
}
