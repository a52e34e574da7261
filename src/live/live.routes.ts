import Type from "typebox";
import type { Routes } from "../http/route.ts";
import { Query } from "../http/schemas.ts";
import type { Live } from "./live.ts";

const HOUR_S = 3600;

const DESCRIPTION =
  "Each event is called `second`. Its data is JSON: `at`; `perSecond` (`answers`, `orders`, `claims`, `commands`, `rounds`, the database's `flushes`, `refusals` by code); " +
  "`roundSize`; `waiting`; `latencyMs` of orders and claims (`p50`, `p95`, `p99`, `max`, within 7 percent); `stock` and `coupons` that changed recently, with their remaining quantities; " +
  "`rehearsal`; `database` (null if it did not answer in time); `instances`. `rehearsal` has the `orders` and `claims` of a rehearsal per second, and the `stock` and `coupons` of its copies. " +
  "The other values do not include rehearsals, except those about load: `answers`, `refusals`, `latencyMs` and the rounds. " +
  "The values cover all reachable instances of this database. The stream begins with the seconds of the last minutes in which live metrics were watched.";

export function liveRoutes(routes: Routes, live: Live): void {
  routes.stream(
    {
      method: "GET",
      path: "/admin/live",
      operationId: "watchLive",
      audience: "operator",
      permission: "operations",
      tag: "Operations",
      summary: "Live metrics, second by second, as server-sent events",
      description: DESCRIPTION,
      query: Query({
        seconds: Type.Optional(
          Type.Integer({ minimum: 1, maximum: HOUR_S, default: HOUR_S, description: "The stream ends after this many seconds" }),
        ),
      }),
      mediaType: "text/event-stream",
      answers: { 200: Type.String() },
      refusals: ["BUSY"],
    },
    ({ query: { seconds = HOUR_S } }) => live.watch(seconds),
  );
}
