import Type from "typebox";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { type Routes, perform } from "../http/route.ts";
import { Body, Id, Instant, NextCursor, Nullable, OneOf, page, Query } from "../http/schemas.ts";
import { CHANGES_MAX } from "../order/order.ts";
import type { OrderCache } from "../order/order-cache.ts";
import { dayOrInstant } from "../order/day-or-instant.ts";
import { mayRead } from "../order/may-read.ts";
import { invalid, refuse } from "../refusal.ts";
import { MOST_COUNTED } from "./lease.sql.ts";
import { countEvents, eventPlace, listEvents, replayDead, replayEvent } from "./list-events.ts";
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

export type OutboxParts = {
  config: Pick<Config, "timezone">;
  database: Database;
  orderCache: Pick<OrderCache, "find">;
  relay: Pick<Relay, "sinkNames" | "wake">;
};

export function outboxRoutes(routes: Routes, { config, database, orderCache, relay }: OutboxParts): void {
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

  listRoute(routes, { database, relay });
  replayRoute(routes, { config, database, relay });

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

const SinkName = Type.Optional(Type.String({ maxLength: 300, description: "The name of a data platform, as in `counts`" }));
const Counts = Type.Array(
  Type.Object({
    sink: Type.String(),
    waiting: Type.Integer({ description: "Events that this data platform does not have yet" }),
    dead: Type.Integer(),
    lastError: Nullable(Type.String({ description: "Why it is unavailable; null if it is available" })),
  }),
  { description: `Per data platform, each figure at most ${MOST_COUNTED}` },
);

/** The sinks that a request means: all, or the one that it names. Errors: INVALID_REQUEST for another name. */
function sinksOf(relay: Pick<Relay, "sinkNames">, sink: string | undefined, path: string): string[] {
  if (sink === undefined) return relay.sinkNames;
  return relay.sinkNames.includes(sink) ? [sink] : invalid(path, `must be one of: ${relay.sinkNames.join(", ")}`);
}

function listRoute(routes: Routes, { database, relay }: Pick<OutboxParts, "database" | "relay">): void {
  routes.read(
    {
      method: "GET",
      path: "/admin/events",
      operationId: "listEvents",
      audience: "operator",
      permission: "operations",
      tag: "Events",
      summary: "List events for the data platform, newest first",
      description:
        "An event is WAITING until each sink has it, and DEAD if a sink refused it until the last attempt. With `sink` only that one counts.",
      query: Query({ ...page, status: Type.Optional(OneOf(STATUSES, "Only events with this status")), sink: SinkName }),
      answers: { 200: Type.Object({ events: Type.Array(Event), nextCursor: NextCursor, counts: Counts }) },
      shape({ query }) {
        eventPlace(query.cursor);
        sinksOf(relay, query.sink, "/sink");
      },
    },
    async ({ query: { limit = 20, cursor, status = null, sink } }) => {
      const sinks = sinksOf(relay, sink, "/sink");
      const [list, counts] = await Promise.all([listEvents(database, { sinks, status, limit, cursor }), countEvents(database, relay.sinkNames)]);
      return { ...list, counts };
    },
  );
}

const ReplayBody = Body({
  status: OneOf(["DEAD"]),
  sink: SinkName,
  from: Type.Optional(Type.String({ maxLength: 40, description: "An instant, or a date in the shop's time zone; included" })),
  to: Type.Optional(Type.String({ maxLength: 40, description: "An instant, not included, or a date in the shop's time zone, included" })),
});

function replayRoute(routes: Routes, { config, database, relay }: Pick<OutboxParts, "config" | "database" | "relay">): void {
  const periodOf = ({ from, to }: { from?: string; to?: string }) => ({
    from: dayOrInstant("/from", from, config.timezone, "start"),
    to: dayOrInstant("/to", to, config.timezone, "end"),
  });
  routes.write(
    {
      method: "POST",
      path: "/admin/events/replay",
      operationId: "replayEvents",
      audience: "operator",
      permission: "operations",
      tag: "Events",
      summary: "Deliver all dead letters once more, of one data platform or of all",
      description:
        "Of events of the period `from` to `to`, if it is given. Later events of an order follow its first one. Disabled data platforms are enabled.",
      body: ReplayBody,
      answers: { 200: Type.Object({ replayed: Type.Integer({ description: "Count of the events" }) }) },
      shape({ body }) {
        sinksOf(relay, body.sink, "/sink");
        periodOf(body);
      },
    },
    ({ body }) =>
      perform(
        async () => {
          const { from, to } = periodOf(body);
          const period = { from: from === null ? null : iso(from), to: to === null ? null : iso(to) };
          const replayed = await replayDead(database, { sinks: sinksOf(relay, body.sink, "/sink"), ...period });
          relay.wake();
          return { replayed };
        },
        200,
        ({ replayed }) => ({ replayed }),
      ),
  );
}
