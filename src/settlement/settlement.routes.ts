import Type from "typebox";
import { GatewayBusy, GatewayUnknown } from "../gateway/gateway.ts";
import { reconcile } from "./reconcile.ts";
import type { Routes } from "../http/route.ts";
import { Id, Instant, Money, Nullable, OneOf, Query } from "../http/schemas.ts";
import { dayOrInstant } from "../order/day-or-instant.ts";
import { refuse } from "../refusal.ts";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Now } from "../database/clock.ts";

const DAY_MS = 86_400_000;
/** The gateway's clock may be ahead of the shop's: what it captured just now is in the period too. */
const CLOCKS_MS = 60_000;
const side = { status: Type.String(), captured: Money(), givenBack: Money() };
const ShopSide = Nullable(Type.Object(side));
const GatewaySide = Nullable(
  Type.Object({ ...side, currency: Type.String({ description: "ISO 4217: the amounts are in its minor units, whatever the shop's currency is" }) }),
);

export type ReconciliationRoutesOptions = { config: Pick<Config, "timezone">; database: Database; now: Now; gateway: Gateway };

export function reconciliationRoutes(routes: Routes, { config, database, now, gateway }: ReconciliationRoutesOptions): void {
  function spanOf(query: { from?: string; to?: string }): { from: number; to: number } {
    const to = dayOrInstant("/to", query.to, config.timezone, "end") ?? now() + CLOCKS_MS;
    return { from: dayOrInstant("/from", query.from, config.timezone, "start") ?? to - DAY_MS, to };
  }

  routes.read(
    {
      method: "GET",
      path: "/admin/reconciliation",
      operationId: "reconcile",
      audience: "operator",
      tag: "Payments",
      summary: "The gateway's book beside the shop's: every difference, at most 1,000 of them listed",
      description: "Without `from` and `to` the last 24 hours. The period chooses the payments; each is compared as it stands now.",
      query: Query({
        from: Type.Optional(Type.String({ maxLength: 40, description: "An instant, or a day in the shop's zone; included" })),
        to: Type.Optional(Type.String({ maxLength: 40, description: "An instant, not included, or a day in the shop's zone, included" })),
      }),
      answers: {
        200: Type.Object({
          from: Instant(),
          to: Instant(),
          compared: Type.Integer({ description: "Payments and charges that were looked at" }),
          captured: Money(),
          givenBack: Money(),
          differenceCount: Type.Integer({ description: "How many differences there are, those that are not listed included" }),
          differences: Type.Array(
            Type.Object({
              what: OneOf([
                "only at the gateway",
                "only in the shop",
                "captured amounts differ",
                "amounts given back differ",
                "still open in the shop",
                "currencies differ",
              ]),
              paymentKey: Type.String(),
              paymentId: Nullable(Id()),
              shop: ShopSide,
              gateway: GatewaySide,
            }),
          ),
        }),
      },
      refusals: ["BUSY", "PAYMENT_METHOD_UNAVAILABLE"],
      shape: ({ query }) => void spanOf(query),
    },
    async ({ query }) => {
      const { from, to } = spanOf(query);
      try {
        return await reconcile({ database, gateway }, from, to);
      } catch (error) {
        if (error instanceof GatewayUnknown || error instanceof GatewayBusy) refuse("BUSY", { retryAfter: 5 });
        throw error;
      }
    },
  );
}
