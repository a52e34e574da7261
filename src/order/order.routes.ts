// Orders as shoppers place, read and cancel them.

import Type, { type Static } from "typebox";
import { selectUser } from "../balance/balance.sql.ts";
import type { VariantCache } from "../catalog/variant-cache.ts";
import type { Config } from "../config.ts";
import { BatchedPages } from "../database/batched-pages.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { DROP_REFUSALS } from "../drop/sell-in-drop.ts";
import { personOf } from "../drop/person-of.ts";
import type { ProductDrops } from "../drop/product-drops.ts";
import type { RefusalCounts } from "../drop/refusal-counts.ts";
import { MetadataSchema } from "../http/metadata.ts";
import { onBehalf } from "../http/on-behalf.ts";
import { newestFirst } from "../http/pages.ts";
import { type Routes, submit } from "../http/route.ts";
import type { Caller } from "../http/caller.ts";
import { Body, Either, ExpectedAmount, ForeignKey, Id, OneOf, page, Quantity, Query, Text, UserParams } from "../http/schemas.ts";
import { invalid, refuse } from "../refusal.ts";
import { editOrderRoute } from "./edit-order.routes.ts";
import { mayRead, viewerOf } from "./may-read.ts";
import type { OrderCache } from "./order-cache.ts";
import { orderReader } from "./order-reader.ts";
import { type ListedOrderRow, listedOrderView, orderRowView } from "./order-view.ts";
import { OrderListSchema, OrderSchema, ShippingAddressBody } from "./order.schemas.ts";
import { selectUserOrders } from "./order.sql.ts";
import { placeOrder, type PlaceOrder } from "./place-order.ts";

const OrderParams = Type.Object({ orderId: Id() });
const LineItem = Body({ productId: Id(), variantId: Type.Optional(Id("Optional if the product has one variant")), quantity: Quantity() });
const commonFields = {
  userId: Type.Optional(Id("The caller's own, unless an operator calls")),
  userCouponId: Type.Optional(Id()),
  payment: Type.Optional(
    Body({ method: OneOf(["BALANCE", "DEFERRED"]) }, { description: "Default BALANCE: paid immediately. DEFERRED: to be paid later" }),
  ),
  expectedAmount: Type.Optional(ExpectedAmount()),
  shippingAddress: Type.Optional(ShippingAddressBody),
  note: Type.Optional(Text(500)),
  metadata: Type.Optional(MetadataSchema()),
  externalId: Type.Optional(ForeignKey(255)),
  orderedAt: Type.Optional(Type.String({ format: "date-time", description: "Operators only: the time of an imported order" })),
};
const FromCart = Body({ ...commonFields, fromCart: Type.Literal(true) });
const FromItems = Body({ ...commonFields, orderItems: Type.Array(LineItem, { minItems: 1, maxItems: 2000 }) });
const FromCartItems = Body({ ...commonFields, cartItemIds: Type.Array(Id(), { minItems: 1, maxItems: 2000 }) });
type NewOrder = Omit<Static<typeof FromItems>, "orderItems"> & { orderItems?: Static<typeof LineItem>[]; cartItemIds?: string[] };

const USER_ORDERS = newestFirst("user's orders");

export type OrderRoutesOptions = {
  config: Pick<Config, "orderExpiresAfterMs" | "stockTakenAt" | "timezone" | "country">;
  database: Database;
  now: Now;
  variantCache: VariantCache;
  orderCache: OrderCache;
  productDrops: ProductDrops;
  refusalCounts: RefusalCounts;
};

export function orderRoutes(routes: Routes, options: OrderRoutesOptions): void {
  placeOrderRoute(routes, options);
  readRoutes(routes, options);
  editOrderRoute(routes, options.config);
}

function placeOrderRoute(routes: Routes, { config, database, now, variantCache, productDrops, refusalCounts }: OrderRoutesOptions): void {
  const place = placeOrder(variantCache, database, productDrops);
  routes.write(
    {
      method: "POST",
      path: "/orders",
      operationId: "placeOrder",
      audience: "shopper",
      permission: "orders",
      tag: "Orders",
      summary: "Place an order, and pay it now or later",
      description:
        "All or nothing. Quantities of the same variant are added up. `fromCart` orders the whole cart, `cartItemIds` these items of it; both take out of the cart what was ordered. A product that is in a drop is sold only by its rules: from `opensAt` to `closesAt`, up to its limit per customer, and in a drop that gives holds to those who hold it.",
      body: Either<NewOrder, NewOrder>("fromCart", FromCart, Either<NewOrder, NewOrder>("cartItemIds", FromCartItems, FromItems)),
      answers: { 201: OrderSchema },
      refusals: [
        "FORBIDDEN",
        "USER_NOT_FOUND",
        "CART_ITEM_NOT_FOUND",
        "PRODUCT_NOT_FOUND",
        "PRODUCT_NOT_FOR_SALE",
        "STOCK_INSUFFICIENT",
        "COUPON_NOT_FOUND",
        "COUPON_UNUSABLE",
        "AMOUNT_CHANGED",
        "BALANCE_INSUFFICIENT",
        ...DROP_REFUSALS,
      ],
    },
    ({ caller, body }) => refusalCounts.counting(submit(place, placeOrderInput(caller, body, now, config), 201)),
  );
}

/**
 * Errors: INVALID_REQUEST for an impossible `orderedAt`, FORBIDDEN for another user's order or an
 * `orderedAt` unless an operator calls.
 */
function placeOrderInput(caller: Caller, body: NewOrder, now: Now, config: OrderRoutesOptions["config"]): PlaceOrder {
  const { orderItems, cartItemIds, userCouponId, payment, orderedAt, expectedAmount = null, shippingAddress, note, metadata, externalId } = body;
  if (orderedAt !== undefined && Date.parse(orderedAt) > now()) invalid("/orderedAt", "must not be in the future");
  if (orderedAt !== undefined && Date.parse(orderedAt) < 0) invalid("/orderedAt", "must not be before 1970");
  const userId = onBehalf(caller, body.userId);
  if ((orderedAt !== undefined || externalId !== undefined) && caller.role !== "operator") refuse("FORBIDDEN");
  return {
    userId,
    lineItems:
      orderItems?.map(({ productId, variantId, quantity }) => ({
        productId: productId.toLowerCase(),
        ...(variantId === undefined ? {} : { variantId: variantId.toLowerCase() }),
        quantity,
      })) ?? null,
    cartItemIds: cartItemIds?.map((id) => id.toLowerCase()) ?? null,
    userCouponId: userCouponId?.toLowerCase() ?? null,
    method: payment?.method ?? "BALANCE",
    orderedAt: orderedAt === undefined ? null : Date.parse(orderedAt),
    expectedAmount,
    shippingAddress: shippingAddress && { ...shippingAddress, country: shippingAddress.country ?? config.country },
    note,
    metadata: metadata && Object.keys(metadata).length > 0 ? metadata : undefined,
    externalId,
    expiresAfterMs: config.orderExpiresAfterMs,
    viewer: viewerOf(caller, config),
    takesStock: config.stockTakenAt === "order",
    person: personOf(caller, userId),
  };
}

function readRoutes(routes: Routes, { config, database }: OrderRoutesOptions): void {
  const orders = orderReader(database);
  const userOrders = new BatchedPages((batch) => database.rows<ListedOrderRow & { page: number }>(selectUserOrders(batch)));

  routes.read(
    {
      method: "GET",
      path: "/orders/{orderId}",
      operationId: "getOrder",
      audience: "shopper",
      permission: "orders",
      tag: "Orders",
      summary: "One order as committed",
      description: "The committed order with all of its line items. Shoppers see their own orders only; another's is 404.",
      params: OrderParams,
      answers: { 200: OrderSchema },
      refusals: ["ORDER_NOT_FOUND"],
    },
    async ({ caller, params: { orderId } }) => {
      const row = await orders.get(orderId);
      return row && mayRead(caller, row.userId) ? orderRowView(row, viewerOf(caller, config)) : refuse("ORDER_NOT_FOUND", { orderId });
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/users/{userId}/orders",
      operationId: "listUserOrders",
      audience: "owner",
      permission: "customers",
      tag: "Orders",
      summary: "The user's orders, newest first, each with its first line items",
      description: "Each order shows its first line items; `GET /orders/{orderId}` has all of them.",
      params: UserParams,
      query: Query(page),
      answers: { 200: OrderListSchema },
      faults: { "params/userId": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND"],
      shape: USER_ORDERS.checkCursor,
    },
    async ({ caller, params: { userId }, query }) => {
      const { rows, nextCursor } = await USER_ORDERS.read(
        query,
        (after, limit) => userOrders.get(userId, after?.[0] ?? null, limit),
        ({ id }) => [id],
      );
      if (rows.length === 0 && (await database.rows(selectUser(userId))).length === 0) refuse("USER_NOT_FOUND", { userId });
      return { orders: rows.map((row) => listedOrderView(row, viewerOf(caller, config))), nextCursor };
    },
  );
}
