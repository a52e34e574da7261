import { carts, selectCartVariants } from "../cart/cart.sql.ts";
import { getCart } from "../cart/get-cart.ts";
import { displayName, type Product, type Variant } from "../catalog/catalog.ts";
import { products, variants } from "../catalog/catalog.sql.ts";
import { checkForSale, getProduct, getVariantOf } from "../catalog/get-variant.ts";
import { soleVariant } from "../catalog/sole-variant.ts";
import type { VariantCache } from "../catalog/variant-cache.ts";
import { discountFor } from "../coupon/coupon.ts";
import { userCoupons } from "../coupon/coupon.sql.ts";
import { getCoupon, getUsableCoupon } from "../coupon/use-coupon.ts";
import { lineKey, lines } from "../drop/line.sql.ts";
import { dropsOf, type KnownDrops } from "../drop/product-drops.ts";
import { markBought, saleNeeds, sellInDrops, type Sold } from "../drop/sell-in-drop.ts";
import type { Database } from "../database/pool.ts";
import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { type Need, need } from "../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { buyerNeed, getBuyer } from "./buyer.ts";
import { checkAmount, type Order, type OrderItem, type ShippingAddress } from "./order.ts";
import { orderView, type OrderView, type Viewer } from "./order-view.ts";
import { orderExternalIds } from "./order-numbers.sql.ts";
import { orders } from "./order.sql.ts";
import { payFromBalance } from "./payment/pay-from-balance.ts";
import { reserveStock } from "./reserve-stock.ts";

export type LineItemRequest = { productId: string; variantId?: string; quantity: number };

export type PlaceOrder = {
  userId: string;
  /** Null orders the cart. */
  lineItems: LineItemRequest[] | null;
  /** Of the cart, these items; null for all. */
  cartItemIds?: string[] | null;
  userCouponId: string | null;
  method: "BALANCE" | "DEFERRED";
  /** The time of an imported order, in ms; null is now. */
  orderedAt: number | null;
  shippingAddress?: ShippingAddress | undefined;
  note?: string | undefined;
  metadata?: Record<string, string> | undefined;
  /** The order's id in another system; operators only. */
  externalId?: string | undefined;
  /** The amount that the buyer has seen, in minor units; null if the client sent none. */
  expectedAmount: number | null;
  expiresAfterMs: number;
  /** For whom limits of drops count; the user, unless the token names a natural person. */
  person?: string;
  /** Whether an unpaid order takes its stock when it is placed (STOCK_TAKEN_AT). In a drop with holds it always does. */
  takesStock?: boolean;
  /** Filled in by `prepare`: the drops of the products. */
  productDrops?: [productId: string, dropId: string][];
  viewer: Viewer;
  /** Filled in by `prepare`: the variants of each product. */
  variantIds?: Map<string, string[]>;
  /** Filled in by `prepare`: the variants in the cart when it was read. */
  cartVariants?: { productId: string; variantId: string }[];
};

const QUANTITY_MAX = 1_000_000;
/** How many units of a hold an order may give up; more than a limit allows. */
const HELD_MOST = 100;
const NOT_IN_DROPS: Sold = { held: new Set(), heldUntil: null };

/**
 * Places an order. BALANCE also pays it from the balance; DEFERRED leaves it unpaid and reserves
 * nothing. An order of the whole cart empties the cart. All or nothing.
 * Errors: USER_NOT_FOUND, PRODUCT_NOT_FOUND, PRODUCT_NOT_FOR_SALE, STOCK_INSUFFICIENT,
 * CART_ITEM_NOT_FOUND, COUPON_NOT_FOUND, COUPON_UNUSABLE, AMOUNT_CHANGED, BALANCE_INSUFFICIENT, INVALID_REQUEST.
 */
export function placeOrder(variantCache: VariantCache, database: Database, productDrops: KnownDrops): Command<PlaceOrder, OrderView> {
  return command<PlaceOrder, OrderView>({
    name: "place order",

    prepare(input) {
      // The command starts again: its knowledge of products in drops was outdated.
      if (input.productDrops) productDrops.forget();
      const known = productDrops.known();
      const read = withVariants(variantCache, database, input);
      if (known instanceof Promise || read instanceof Promise) return Promise.all([read, known]).then(([all, drops]) => withDrops(all, drops));
      return withDrops(read, known);
    },

    needs(input) {
      const needs = [buyerNeed(input)];
      if (input.lineItems === null) needs.push(need(carts, input.userId));
      addVariantNeeds(needs, input);
      if (input.productDrops?.length) needs.push(...dropNeeds(input, input.productDrops));
      if (input.userCouponId !== null) needs.push(need(userCoupons, input.userCouponId));
      if (input.externalId !== undefined) needs.push(need(orderExternalIds, input.externalId));
      return needs;
    },

    decide(uow, input) {
      // All refusals "not found" come before other refusals.
      const lineItems = input.lineItems === null ? cartLineItems(uow, input) : mergedLineItems(uow, input, input.lineItems);
      if (input.userCouponId !== null) getCoupon(uow, input.userCouponId, input.userId);
      const items = lineItems.map(orderItem);
      const { userId, person = userId } = input;
      const unsold = newOrder(uow, input, items);
      checkAmount(unsold, input.expectedAmount);
      if (input.externalId !== undefined && uow.find(orderExternalIds, input.externalId) !== undefined)
        invalid("/externalId", "already belongs to another order");
      const isInDrop = lineItems.some(({ product }) => (product.dropId ?? null) !== null);
      const sold = isInDrop ? sellInDrops(uow, { orderId: unsold.id, userId, person, items }) : NOT_IN_DROPS;
      const order = input.method === "BALANCE" ? unsold : unpaid(unsold, input, sold);
      if (input.method === "BALANCE") {
        payFromBalance(uow, order, sold.held);
        markBought(uow, order.id);
      } else if (order.holdsStock) reserveStock(uow, order, sold.held);

      // Below this line the order is placed. Its row is its first event, too.
      uow.put(orders, order.id, order);
      if (input.externalId !== undefined) uow.put(orderExternalIds, input.externalId, order.id);
      if (input.lineItems === null) takeOutOfCart(uow, input);
      return orderView(order, undefined, input.viewer);
    },
  });
}

/** An order that is paid later takes over its holds, and ends with the first of them. */
function unpaid(order: Order, { takesStock = false }: PlaceOrder, { held, heldUntil }: Sold): Order {
  if (heldUntil === null) return { ...order, holdsStock: takesStock };
  return { ...order, holdsStock: takesStock || held.size > 0, expiresAt: Math.min(order.expiresAt ?? heldUntil, heldUntil) };
}

function withVariants(variantCache: VariantCache, database: Database, input: PlaceOrder): PlaceOrder | Promise<PlaceOrder> {
  if (input.lineItems === null) {
    return database
      .rows<{ productId: string; variantId: string }>(selectCartVariants(input.userId))
      .then((cartVariants) => ({ ...input, cartVariants }));
  }
  const withoutVariant = input.lineItems.filter(({ variantId }) => variantId === undefined).map(({ productId }) => productId);
  const variantIds = variantCache.variantsOfAll(withoutVariant);
  return variantIds instanceof Promise ? variantIds.then((read) => ({ ...input, variantIds: read })) : { ...input, variantIds };
}

function withDrops(input: PlaceOrder, known: ReadonlyMap<string, string>): PlaceOrder {
  return { ...input, productDrops: dropsOf(known, input.lineItems ?? input.cartVariants ?? []) };
}

/** Units of a hold that the order does not take go to the line. */
function dropNeeds({ userId, person = userId, lineItems, cartVariants = [], variantIds }: PlaceOrder, pairs: [string, string][]): Need[] {
  const productDrops = new Map(pairs);
  const ids = (lineItems ?? cartVariants).flatMap(({ productId, variantId }) => {
    const dropId = productDrops.get(productId);
    const id = variantId ?? variantIds?.get(productId)?.[0];
    return dropId === undefined || id === undefined ? [] : [need(lines, lineKey(dropId, id), HELD_MOST)];
  });
  return [...saleNeeds(productDrops, [...productDrops.keys()], [person]), ...ids];
}

function addVariantNeeds(needs: Need[], { lineItems, cartVariants = [], variantIds }: PlaceOrder): void {
  for (const { productId, variantId } of lineItems ?? cartVariants) {
    needs.push(need(products, productId));
    const ids = variantIds?.get(productId);
    if (variantId !== undefined) needs.push(need(variants, variantId));
    else if (ids?.length === 1) needs.push(need(variants, ids[0] as string));
  }
}

/** A line item with its rows, so that none is looked up twice. */
type LineItem = { product: Product; variant: Variant; quantity: number };

/**
 * The ordered items of the cart. Errors: USER_NOT_FOUND, PRODUCT_NOT_FOUND, CART_ITEM_NOT_FOUND,
 * INVALID_REQUEST if the cart is empty.
 */
function cartLineItems(uow: UnitOfWork, input: PlaceOrder): LineItem[] {
  const whole = getCart(uow, input.userId);
  if (!input.cartItemIds && whole.length === 0) invalid("/fromCart", "the cart is empty");
  const chosen = input.cartItemIds && new Set(input.cartItemIds);
  for (const id of chosen ?? []) if (!whole.some((item) => item.id === id)) refuse("CART_ITEM_NOT_FOUND", { id });
  const cart = chosen ? whole.filter(({ id }) => chosen.has(id)) : whole;
  // If the cart has changed since `prepare` read it, the command starts again and locks the right
  // rows.
  if (cart.some((item) => !uow.holds(variants, item.variantId))) throw new NeedsChanged();
  const buyer = getBuyer(uow, input);
  return cart.map(({ productId, variantId, quantity }) => {
    const productInCart = getProduct(uow, productId, buyer);
    return { product: productInCart, variant: getVariantOf(uow, productInCart, variantId), quantity };
  });
}

/** Takes the ordered items out of the cart. */
function takeOutOfCart(uow: UnitOfWork, { userId, cartItemIds }: PlaceOrder): void {
  const ordered = cartItemIds && new Set(cartItemIds);
  uow.put(carts, userId, ordered ? getCart(uow, userId).filter(({ id }) => !ordered.has(id)) : []);
}

/**
 * Merges line items of the same variant, so that its stock is checked once for the sum. Errors:
 * USER_NOT_FOUND, PRODUCT_NOT_FOUND, INVALID_REQUEST.
 */
function mergedLineItems(uow: UnitOfWork, input: PlaceOrder, requests: LineItemRequest[]): LineItem[] {
  const buyer = getBuyer(uow, input);
  const merged = new Map<string, LineItem>();
  requests.forEach((request, i) => {
    const product = getProduct(uow, request.productId, buyer);
    const variantId = soleVariant(request, product, input.variantIds?.get(request.productId) ?? [], `/orderItems/${i}/variantId`);
    const variant = getVariantOf(uow, product, variantId);
    const quantity = (merged.get(variantId)?.quantity ?? 0) + request.quantity;
    if (quantity > QUANTITY_MAX) invalid(`/orderItems/${i}/quantity`, `the line items of this variant together exceed ${QUANTITY_MAX}`);
    merged.set(variantId, { product, variant, quantity });
  });
  return [...merged.values()];
}

/** Errors: PRODUCT_NOT_FOR_SALE. */
function orderItem({ product, variant, quantity }: LineItem): OrderItem {
  checkForSale(product, variant);
  const { id: variantId, productId, sku, options, price: unitPrice } = variant;
  const item: OrderItem = { variantId, productId, sku, name: displayName(product, variant), options, unitPrice, quantity, refundedQuantity: 0 };
  // A price that was lowered since is tax-free as a whole.
  if (product.taxFreeAmount) item.taxFreeAmount = Math.min(product.taxFreeAmount, unitPrice);
  return item;
}

/** The order's row: completed if it is paid in this round, else pending until it expires. */
function newOrder(uow: UnitOfWork, input: PlaceOrder, items: OrderItem[]): Order {
  const totalAmount = items.reduce((sum, item) => sum + item.unitPrice * item.quantity, 0);
  if (!Number.isSafeInteger(totalAmount)) invalid("/orderItems", "the order's total is too large");
  const coupon = input.userCouponId === null ? undefined : getUsableCoupon(uow, input.userCouponId, input.userId, totalAmount);
  const [createdAt, paid] = [input.orderedAt ?? uow.now, input.method === "BALANCE"];
  return {
    id: uow.newOrderId(createdAt),
    userId: input.userId,
    status: paid ? "COMPLETED" : "PENDING",
    items,
    changes: 1,
    userCouponId: coupon?.id ?? null,
    totalAmount,
    discountAmount: coupon ? discountFor(coupon.discount, totalAmount) : 0,
    refundedAmount: 0,
    createdAt,
    expiresAt: paid ? null : uow.now + input.expiresAfterMs,
    completedAt: paid ? createdAt : null,
    paidAt: paid ? uow.now : null,
    // Ids are in the order of time, so the payment of an order of the past has one of its own.
    paymentId: paid && createdAt !== uow.now ? uow.newId() : null,
    preparingAt: null,
    fulfilment: null,
    fulfilmentStatus: null,
    shippingAddress: input.shippingAddress ?? null,
    note: input.note ?? null,
    metadata: input.metadata ?? null,
    externalId: input.externalId ?? null,
    imported: input.orderedAt === null ? null : true,
  };
}
