import Type from "typebox";
import type { Routes } from "../http/route.ts";
import { Query } from "../http/schemas.ts";
import type { Live } from "./live.ts";

const HOUR_S = 3600;

export function liveRoutes(routes: Routes, live: Live): void {
  routes.stream(
    {
      method: "GET",
      path: "/admin/live",
      operationId: "watchLive",
      audience: "operator",
      tag: "Operations",
      summary: "The shop as it sells, second by second, as server-sent events",
      description: `Each event is called \`second\`; its data is JSON: \`at\`, \`perSecond\` (\`answers\`, \`orders\`, \`claims\`, \`commands\`, \`rounds\`, the database's \`flushes\`, \`refusals\` by code), \`roundSize\`, \`waiting\`, \`latencyMs\` of orders and claims (\`p50\`, \`p95\`, \`p99\`, \`max\`; 7 percent coarse), \`stock\` and \`coupons\` that have moved lately with what is left of them, \`rehearsal\` (the \`orders\` and \`claims\` of a rehearsal per second, and the \`stock\` and \`coupons\` of its copies, which are in none of the figures before; \`answers\`, \`refusals\`, \`latencyMs\` and the rounds tell the load, with rehearsals), \`database\` (null where it did not answer) and \`instances\`. The numbers are of all instances of this database that are heard of; what comes first are the seconds of the last minutes in which somebody watched.`,
      query: Query({
        seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: HOUR_S, default: HOUR_S, description: "After so many it ends" })),
      }),
      mediaType: "text/event-stream",
      answers: { 200: Type.String() },
      refusals: ["BUSY"],
    },
    ({ query: { seconds = HOUR_S } }) => live.watch(seconds),
  );
}
