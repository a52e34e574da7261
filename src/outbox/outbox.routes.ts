import Type from "typebox";
import { type Routes, perform } from "../http/route.ts";
import { Body, Id, Instant, NextCursor, Nullable, OneOf, page, Query } from "../http/schemas.ts";
import { CHANGES_MAX } from "../order/order.ts";
import { mayRead } from "../order/may-read.ts";
import { refuse } from "../refusal.ts";
import type { Database } from "../database/pool.ts";
import type { OrderCache } from "../order/order-cache.ts";
import type { Relay } from "./relay.ts";
import { orderHistory } from "./order-history.ts";
import { eventPlace, listEvents, replayEvent } from "./list-events.ts";

const STATUS = OneOf(["WAITING", "DELIVERED", "DEAD"]);
const Event = Type.Object(
  {
    id: Id(),
    type: Type.String(),
    orderId: Id(),
    status: STATUS,
    attempts: Type.Integer(),
    createdAt: Instant(),
    deliveredAt: Nullable(Instant()),
    lastError: Nullable(
      Type.String({
        description:
          "Why it waits or is dead: what the data platform answered last, or why it waits behind another event of its order. With several data platforms each reason begins with the name of its own. Null once it is delivered, and while nothing has failed",
      }),
    ),
  },
  { title: "Event" },
);

export type OutboxRoutesOptions = { database: Database; orderCache: OrderCache; relay: Relay };

export function outboxRoutes(routes: Routes, { database, orderCache, relay }: OutboxRoutesOptions): void {
  routes.read(
    {
      method: "GET",
      path: "/orders/{orderId}/history",
      operationId: "getOrderHistory",
      audience: "shopper",
      tag: "Orders",
      summary: "Everything that happened to an order, oldest first",
      description: "Of a refund, `reason` is shown to operators only; the shopper reads `customerReason`.",
      params: Type.Object({ orderId: Id() }),
      query: Query({
        after: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: CHANGES_MAX,
            default: 0,
            description: "How many of the order's events to leave out: `nextAfter` of the page before",
          }),
        ),
      }),
      answers: {
        200: Type.Object({
          events: Type.Array(Type.Object({ type: Type.String(), at: Instant(), data: Type.Unknown() })),
          nextAfter: Nullable(Type.Integer({ description: "Where the next page begins; null at the end. A page has at most 1,000 events" })),
        }),
      },
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
      tag: "Events",
      summary: "What goes to the data platform, newest first",
      query: Query({ ...page, status: Type.Optional(STATUS) }),
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
      tag: "Events",
      summary: "Deliver an event once more, also one that lies dead",
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
