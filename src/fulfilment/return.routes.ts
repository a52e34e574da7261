// Returns: buyers request them, operators receive or reject them.

import Type from "typebox";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { newestFirst } from "../http/pages.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Instant, NextCursor, Nullable, OneOf, page, Query, Text } from "../http/schemas.ts";
import { type AttemptStatus, submitTwoPhase } from "../idempotency/two-phase.ts";
import { mayRead } from "../order/may-read.ts";
import type { OrderCache } from "../order/order-cache.ts";
import { UnitsSchema } from "../order/order.schemas.ts";
import { CARD_REFUND_DESCRIPTION, type RefundParts, RefundReceiveAccount } from "../order/refund/submit-refund.ts";
import { Refusal, refuse } from "../refusal.ts";
import { rejectReturn, withdrawReturn } from "./end-return.ts";
import { UnitsBody } from "./fulfilment.routes.ts";
import { receiveReturn } from "./receive-return.ts";
import { requestReturn } from "./request-return.ts";
import { RETURN_STATUSES, type ReturnRow, returnView } from "./return.ts";
import { selectReturn, selectReturnPage, selectReturnsOfOrder } from "./return.sql.ts";

const ReturnSchema = Type.Object(
  {
    returnId: Id(),
    orderId: Id(),
    status: OneOf(RETURN_STATUSES),
    items: UnitsSchema,
    reason: Type.String(),
    rejection: Type.Optional(Nullable(Type.String({ description: "Operators only: why it was rejected" }))),
    customerReason: Nullable(Type.String({ description: "Why it was rejected, for the buyer" })),
    restock: Nullable(Type.Boolean({ description: "Whether the units are sold again; null until they are received" })),
    createdAt: Instant(),
    settledAt: Nullable(Instant()),
    hasRefundReceiveAccount: Type.Boolean({
      description: "Whether the buyer has named an account for the deposit. It is deleted when the return has ended",
    }),
  },
  { title: "Return" },
);
const OrderParams = Type.Object({ orderId: Id() });
const ReturnParams = Type.Object({ id: Id() });
const RETURNS = newestFirst("returns");
const RETURNS_OF_ORDER = newestFirst("returns of order");

export type ReturnRoutesOptions = {
  config: Pick<Config, "gateway" | "returnWithinMs">;
  database: Database;
  lists: Database;
  orderCache: OrderCache;
  gateway: Gateway;
  refunds: RefundParts["refunds"];
};

export function returnRoutes(routes: Routes, options: ReturnRoutesOptions): void {
  buyerRoutes(routes, options);
  listRoute(routes, options);
  receiveRoute(routes, options);
  operatorRoutes(routes, options);
}

function buyerRoutes(routes: Routes, { config }: ReturnRoutesOptions): void {
  routes.write(
    {
      method: "POST",
      path: "/orders/{orderId}/returns",
      operationId: "requestReturn",
      audience: "shopper",
      permission: "orders",
      tag: "Returns",
      summary: "Return shipped units",
      description:
        "Within RETURN_WITHIN of the delivery of the parcel that carried a unit, or of 14 days after its shipment if no delivery was reported. Without `items` all units that can be returned. If the order was paid by a deposit, `refundReceiveAccount` is the account that gets it back when the return is received; otherwise it is not kept.",
      params: OrderParams,
      body: Body({ items: Type.Optional(UnitsBody), reason: Text(500), refundReceiveAccount: Type.Optional(RefundReceiveAccount) }),
      answers: { 201: ReturnSchema },
      refusals: ["USER_NOT_FOUND", "ORDER_NOT_FOUND", "ORDER_NOT_RETURNABLE"],
    },
    ({ caller, params: { orderId }, body: { items, reason, refundReceiveAccount: receiveAccount } }) => {
      const units = items?.map(({ variantId, quantity }) => ({ variantId: variantId.toLowerCase(), quantity })) ?? null;
      const callerId = caller.role === "operator" ? null : caller.id;
      const { returnWithinMs } = config;
      return submit(requestReturn, { orderId: orderId.toLowerCase(), callerId, items: units, reason, receiveAccount, returnWithinMs }, 201);
    },
  );

  routes.write(
    {
      method: "DELETE",
      path: "/orders/{orderId}/returns/{returnId}",
      operationId: "withdrawReturn",
      audience: "shopper",
      permission: "orders",
      tag: "Returns",
      summary: "Withdraw a return that is REQUESTED",
      description: "The units count as returnable again.",
      params: Type.Object({ orderId: Id(), returnId: Id() }),
      answers: { 204: null },
      refusals: ["ORDER_NOT_FOUND", "RETURN_NOT_FOUND", "ORDER_NOT_RETURNABLE", "PAYMENT_IN_PROGRESS"],
    },
    ({ caller, params: { orderId, returnId } }) => {
      const callerId = caller.role === "operator" ? null : caller.id;
      return submit(withdrawReturn, { orderId: orderId.toLowerCase(), returnId: returnId.toLowerCase(), callerId }, 204);
    },
  );
}

function listRoute(routes: Routes, { database, orderCache }: ReturnRoutesOptions): void {
  routes.read(
    {
      method: "GET",
      path: "/orders/{orderId}/returns",
      operationId: "listReturnsOfOrder",
      audience: "shopper",
      permission: "orders",
      tag: "Returns",
      summary: "The returns of an order, newest first",
      description: "Shoppers see the returns of their own orders only; another's order is 404.",
      params: OrderParams,
      query: Query(page),
      answers: { 200: Type.Object({ returns: Type.Array(ReturnSchema), nextCursor: NextCursor }) },
      shape: RETURNS_OF_ORDER.checkCursor,
      refusals: ["ORDER_NOT_FOUND"],
    },
    async ({ caller, params: { orderId }, query }) => {
      const order = await orderCache.find(orderId.toLowerCase());
      if (!order || !mayRead(caller, order.userId)) refuse("ORDER_NOT_FOUND", { orderId });
      const { rows, nextCursor } = await RETURNS_OF_ORDER.read(
        query,
        (after, limit) => database.rows<ReturnRow>(selectReturnsOfOrder(order.id, after?.[0] ?? null, limit)),
        ({ id }) => [id],
      );
      return { returns: rows.map((row) => returnView(row, { isOperator: caller.role === "operator" })), nextCursor };
    },
  );
}

function receiveRoute(routes: Routes, { config, database, orderCache, gateway, refunds }: ReturnRoutesOptions): void {
  const receive = receiveReturn(database, orderCache);
  const askAfterMs = config.gateway.timeoutMs + config.gateway.settleAfterMs;

  routes.write(
    {
      method: "POST",
      path: "/admin/returns/{id}/receive",
      operationId: "receiveReturn",
      audience: "operator",
      permission: "fulfilment",
      tag: "Returns",
      summary: "The units of a return are back: they are refunded",
      description: CARD_REFUND_DESCRIPTION,
      params: ReturnParams,
      body: Body({
        restock: Type.Boolean({ description: "false writes the units off: they are not sold again" }),
        refundReceiveAccount: Type.Optional(RefundReceiveAccount),
      }),
      answers: { 200: ReturnSchema, 202: ReturnSchema },
      refusals: ["RETURN_NOT_FOUND", "ORDER_NOT_RETURNABLE", "ORDER_NOT_REFUNDABLE", "PAYMENT_IN_PROGRESS"],
    },
    ({ params, body: { restock, refundReceiveAccount: receiveAccount } }) => {
      const returnId = params.id.toLowerCase();
      async function settle(refundId: string, first: boolean): Promise<AttemptStatus> {
        const { orderId, status, amount, failure } = await refunds.settle(refundId, first);
        if (status === "FAILED") return { over: true, refusal: new Refusal("ORDER_NOT_REFUNDABLE", { orderId, amount, reason: failure }) };
        const [row] = await database.rows<ReturnRow>(selectReturn(returnId));
        if (!row) throw new Error(`return ${returnId} of refund ${refundId} does not exist`);
        const isOver = status !== "PENDING";
        return { over: isOver, status: isOver ? 200 : 202, body: returnView(row, { isOperator: true }) };
      }
      const input = { returnId, restock, askAfterMs, receiveAccount };
      return submitTwoPhase({ begin: receive, input, status: 200, admit: (work) => gateway.admit(work), settle });
    },
  );
}

function operatorRoutes(routes: Routes, { database, lists }: ReturnRoutesOptions): void {
  routes.read(
    {
      method: "GET",
      path: "/admin/returns",
      operationId: "listReturns",
      audience: "operator",
      permission: "fulfilment",
      tag: "Returns",
      summary: "Returns, newest first",
      description: "`status` selects those that wait for a person: REQUESTED.",
      query: Query({ ...page, status: Type.Optional(OneOf(RETURN_STATUSES, "Only returns with this status")) }),
      answers: { 200: Type.Object({ returns: Type.Array(ReturnSchema), nextCursor: NextCursor }) },
      shape: RETURNS.checkCursor,
    },
    async ({ query }) => {
      const { rows, nextCursor } = await RETURNS.read(
        query,
        (after, limit) => lists.rows<ReturnRow>(selectReturnPage(query.status ?? null, after?.[0] ?? null, limit)),
        ({ id }) => [id],
      );
      return { returns: rows.map((row) => returnView(row, { isOperator: true })), nextCursor };
    },
  );

  const reject = rejectReturn(database);
  routes.write(
    {
      method: "POST",
      path: "/admin/returns/{id}/reject",
      operationId: "rejectReturn",
      audience: "operator",
      permission: "fulfilment",
      tag: "Returns",
      summary: "Reject a return",
      description: "`reason` is shown to operators only; the buyer reads `customerReason`.",
      params: ReturnParams,
      body: Body({ reason: Text(500), customerReason: Type.Optional(Text(500)) }),
      answers: { 200: ReturnSchema },
      refusals: ["RETURN_NOT_FOUND", "ORDER_NOT_RETURNABLE", "PAYMENT_IN_PROGRESS"],
    },
    ({ params: { id }, body: { reason, customerReason = null } }) => submit(reject, { returnId: id.toLowerCase(), reason, customerReason }),
  );
}
