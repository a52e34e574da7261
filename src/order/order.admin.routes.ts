// Orders as operators refund and list them.

import Type, { type Static } from "typebox";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { newestFirst } from "../http/pages.ts";
import type { Routes } from "../http/route.ts";
import { Body, Id, OneOf, page, Quantity, Query, Search, Text } from "../http/schemas.ts";
import { dayOrInstant } from "./day-or-instant.ts";
import { viewerOf } from "./may-read.ts";
import type { OrderCache } from "./order-cache.ts";
import { orderReader } from "./order-reader.ts";
import { parseNumberPrefix, parseOrderNumber } from "./order-number.ts";
import { type Buyer, type ListedOrderRow, listedOrderView } from "./order-view.ts";
import { FULFILMENT_STATUSES, ORDER_STATUSES, OrderSchema, OrderSearchSchema } from "./order.schemas.ts";
import { type OrderFilter, selectOrderPage } from "./order-search.sql.ts";
import { refundOrder } from "./refund/refund-order.ts";
import { CARD_REFUND_DESCRIPTION, type RefundParts, RefundReceiveAccount, submitRefund } from "./refund/submit-refund.ts";

const RefundBody = Body({
  items: Type.Optional(Type.Array(Body({ variantId: Id(), quantity: Quantity() }), { minItems: 1, maxItems: 2000 })),
  reason: Text(500),
  customerReason: Type.Optional(Text(500)),
  refundReceiveAccount: Type.Optional(RefundReceiveAccount),
  restock: Type.Optional(Type.Boolean({ default: true, description: "false writes the units off: they are not sold again" })),
});
const ListQuery = Query({
  ...page,
  status: Type.Optional(OneOf(ORDER_STATUSES, "Only orders with this status")),
  fulfilmentStatus: Type.Optional(OneOf(FULFILMENT_STATUSES, "Only orders with this status of their shipments")),
  userId: Type.Optional(Id("Only orders of this user")),
  productId: Type.Optional(Id("Orders with a variant of this product")),
  orderNumber: Type.Optional(Type.String({ maxLength: 40, description: "In any case, with or without the hyphen" })),
  q: Search("Part of the buyer's name, or the beginning of an external id or of an order number"),
  from: Type.Optional(Type.String({ maxLength: 40, description: "An instant, or a date in the shop's time zone; included" })),
  to: Type.Optional(Type.String({ maxLength: 40, description: "An instant, not included, or a date in the shop's time zone, included" })),
  completedFrom: Type.Optional(Type.String({ maxLength: 40, description: "As `from`, of the time of completion" })),
  completedTo: Type.Optional(Type.String({ maxLength: 40, description: "As `to`, of the time of completion" })),
  rehearsals: Type.Optional(Type.Boolean({ default: false, description: "Whether orders of rehearsals are listed too" })),
});

const ORDERS = newestFirst("orders");

export type OrderAdminRoutesOptions = {
  config: Pick<Config, "gateway" | "timezone">;
  database: Database;
  lists: Database;
  orderCache: OrderCache;
  gateway: Gateway;
  refunds: RefundParts["refunds"];
};

export function orderAdminRoutes(routes: Routes, { config, database, lists, orderCache, gateway, refunds }: OrderAdminRoutesOptions): void {
  const refund = refundOrder(orderCache);
  const parts = { orders: orderReader(database), gateway, refunds };
  const askAfterMs = config.gateway.timeoutMs + config.gateway.settleAfterMs;
  routes.write(
    {
      method: "POST",
      path: "/admin/orders/{id}/refunds",
      operationId: "refundOrder",
      audience: "operator",
      permission: "refunds",
      tag: "Orders",
      summary: "Refund a paid order in full or in part",
      description: `Without \`items\` all remaining units are refunded. The amount of a line item is its share of the payment; partial refunds add up to the whole. \`reason\` is shown to operators only; the shopper reads \`customerReason\`. ${CARD_REFUND_DESCRIPTION}`,
      params: Type.Object({ id: Id() }),
      body: RefundBody,
      answers: { 200: OrderSchema, 202: OrderSchema },
      refusals: ["ORDER_NOT_FOUND", "ORDER_NOT_REFUNDABLE", "PAYMENT_IN_PROGRESS"],
    },
    ({
      caller,
      params: { id: orderId },
      body: { reason, customerReason = null, items: requested, restock = true, refundReceiveAccount: receiveAccount },
    }) => {
      const items = requested?.map(({ variantId, quantity }) => ({ variantId: variantId.toLowerCase(), quantity })) ?? null;
      return submitRefund(parts, refund, {
        orderId,
        items,
        reason,
        customerReason,
        restock,
        askAfterMs,
        receiveAccount,
        viewer: viewerOf(caller, config),
      });
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/orders",
      operationId: "listOrders",
      audience: "operator",
      permission: "orders",
      tag: "Orders",
      summary: "Orders, newest first, each with its first line items",
      description: "All conditions apply together. Orders of rehearsals are left out unless `rehearsals` asks for them.",
      query: ListQuery,
      answers: { 200: OrderSearchSchema },
      shape({ query }) {
        filterOf(query, config.timezone);
        ORDERS.checkCursor({ query });
      },
    },
    async ({ caller, query }) => {
      const filter = filterOf(query, config.timezone);
      const { rows, nextCursor } = await ORDERS.read(
        query,
        (after, limit) => lists.rows<ListedOrderRow & { buyer: Buyer | null }>(selectOrderPage(filter, after?.[0] ?? null, limit)),
        ({ id }) => [id],
      );
      const viewer = viewerOf(caller, config);
      return { orders: rows.map((row) => ({ ...listedOrderView(row, viewer), user: row.buyer })), nextCursor };
    },
  );
}

/** Errors: INVALID_REQUEST for a malformed day or instant. */
function filterOf(query: Static<typeof ListQuery>, timezone: string): OrderFilter {
  const { userId, status = null, fulfilmentStatus = null, productId, orderNumber, q = "", rehearsals = false } = query;
  const text = q.trim();
  return {
    userId: userId?.toLowerCase() ?? null,
    status,
    fulfilmentStatus,
    productId: productId?.toLowerCase() ?? null,
    orderNumber: orderNumber === undefined ? null : parseOrderNumber(orderNumber, timezone),
    search: text === "" ? null : { text, numbers: parseNumberPrefix(text, timezone) },
    from: dayOrInstant("/from", query.from, timezone, "start"),
    to: dayOrInstant("/to", query.to, timezone, "end"),
    completedFrom: dayOrInstant("/completedFrom", query.completedFrom, timezone, "start"),
    completedTo: dayOrInstant("/completedTo", query.completedTo, timezone, "end"),
    rehearsals,
  };
}
