import Type from "typebox";
import type { Database } from "../database/pool.ts";
import { type Routes, perform } from "../http/route.ts";
import { Body, Id, Instant, NextCursor, Nullable, OneOf, page, Query } from "../http/schemas.ts";
import { CHANGES_MAX } from "../order/order.ts";
import type { OrderCache } from "../order/order-cache.ts";
import { mayRead } from "../order/may-read.ts";
import { refuse } from "../refusal.ts";
import { eventPlace, listEvents, replayEvent } from "./list-events.ts";
import { orderHistory } from "./order-history.ts";
import type { Relay } from "./relay.ts";

const STATUSES = ["WAITING", "DELIVERED", "DEAD"] as const;
const Event = Type.Object(
  {
    id: Id(),
    type: Type.String(),
    orderId: Nullable(Id()),
    subject: Id(),
    status: OneOf(STATUSES),
    attempts: Type.Integer(),
    createdAt: Instant(),
    deliveredAt: Nullable(Instant()),
    lastError: Nullable(
      Type.String({
        description:
          "Why the event waits or is dead: the data platform's last error, or the earlier event of its order that blocks it. With several data platforms, each reason starts with the platform's name. Null if the event is delivered, and while nothing has failed",
      }),
    ),
  },
  { title: "Event" },
);

const History = Type.Object({
  events: Type.Array(Type.Object({ type: Type.String(), at: Instant(), data: Type.Unknown() })),
  nextAfter: Nullable(Type.Integer({ description: "`after` of the next page; null at the end. A page has at most 1,000 events" })),
});
const HistoryQuery = Query({
  after: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: CHANGES_MAX,
      default: 0,
      description: "How many of the order's events to skip: `nextAfter` of the previous page",
    }),
  ),
});

export type OutboxParts = { database: Database; orderCache: Pick<OrderCache, "find">; relay: Pick<Relay, "sinkNames" | "wake"> };

export function outboxRoutes(routes: Routes, { database, orderCache, relay }: OutboxParts): void {
  routes.read(
    {
      method: "GET",
      path: "/orders/{orderId}/history",
      operationId: "getOrderHistory",
      audience: "shopper",
      permission: "orders",
      tag: "Orders",
      summary: "Everything that happened to an order, oldest first",
      description: "The `reason` of a refund is shown to operators only; shoppers read `customerReason`.",
      params: Type.Object({ orderId: Id() }),
      query: HistoryQuery,
      answers: { 200: History },
      refusals: ["ORDER_NOT_FOUND"],
    },
    async ({ caller, params: { orderId }, query: { after = 0 } }) => {
      const order = await orderCache.find(orderId);
      if (!order || !mayRead(caller, order.userId)) refuse("ORDER_NOT_FOUND", { orderId });
      return orderHistory(database, { orderId, after, readerIsOperator: caller.role === "operator" });
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/events",
      operationId: "listEvents",
      audience: "operator",
      permission: "operations",
      tag: "Events",
      summary: "List events for the data platform, newest first",
      description: "An event is WAITING until each sink has it, and DEAD if a sink refused it until the last attempt.",
      query: Query({ ...page, status: Type.Optional(OneOf(STATUSES, "Only events with this status")) }),
      answers: { 200: Type.Object({ events: Type.Array(Event), nextCursor: NextCursor }) },
      shape: ({ query }) => void eventPlace(query.cursor),
    },
    ({ query: { limit = 20, cursor, status = null } }) => listEvents(database, { sinks: relay.sinkNames, status, limit, cursor }),
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/events/{id}/replay",
      operationId: "replayEvent",
      audience: "operator",
      permission: "operations",
      tag: "Events",
      summary: "Deliver an event once more, also a dead letter",
      description: "Sinks may receive the event again; its id stays the same.",
      params: Type.Object({ id: Id() }),
      body: Body({}),
      answers: { 200: Event },
      refusals: ["NOT_FOUND"],
    },
    ({ params: { id } }) =>
      perform(async () => {
        const event = await replayEvent(database, relay.sinkNames, id);
        relay.wake();
        return event ?? refuse("NOT_FOUND", { id });
      }),
  );
}
