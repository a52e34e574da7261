import Type from "typebox";
import type { Config } from "../config.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { type Gateway, GatewayBusy, GatewayUnknown } from "../gateway/gateway.ts";
import type { Routes } from "../http/route.ts";
import { Id, Instant, Money, Nullable, OneOf, Query } from "../http/schemas.ts";
import { dayOrInstant } from "../order/day-or-instant.ts";
import { refuse } from "../refusal.ts";
import type { GatewayCancels } from "./gateway-cancels.ts";
import { DIFFERENCES, reconcile, reconciledPeriod } from "./reconcile.ts";

const amounts = { status: Type.String(), captured: Money(), givenBack: Money() };
const ShopSide = Nullable(Type.Object(amounts));
const GatewaySide = Nullable(
  Type.Object({
    ...amounts,
    currency: Type.String({ description: "ISO 4217: the amounts are in its minor units, even if it is not the shop's currency" }),
  }),
);
const Difference = Type.Object({
  what: OneOf(DIFFERENCES),
  paymentKey: Type.String(),
  paymentId: Nullable(Id()),
  shop: ShopSide,
  gateway: GatewaySide,
  settlement: Type.Optional(
    Type.Object(
      { amount: Money(), fee: Money(), payOut: Money(), soldDate: Type.String(), paidOutDate: Type.String() },
      { description: "The settlement that differs from the gateway's ledger" },
    ),
  ),
});
const Period = Query({
  from: Type.Optional(Type.String({ maxLength: 40, description: "An instant, or a day in the shop's zone; included" })),
  to: Type.Optional(Type.String({ maxLength: 40, description: "An instant, not included, or a day in the shop's zone, included" })),
});
const Reconciliation = Type.Object({
  from: Instant(),
  to: Instant(),
  compared: Type.Integer({ description: "Count of the payments and charges that were compared" }),
  captured: Money(),
  givenBack: Money(),
  settlements: Nullable(
    Type.Object(
      {
        settled: Money(),
        fees: Money(),
        paidOut: Money(),
        unsettled: Type.Integer({ description: "Count of the period's movements that the gateway has not settled yet" }),
      },
      { description: "The settlements of the period's movements; null if the gateway has none for this shop" },
    ),
  ),
  differenceCount: Type.Integer({ description: "Count of all differences, including those that are not listed" }),
  differences: Type.Array(Difference),
});

export type ReconciliationParts = { config: Pick<Config, "timezone">; database: Database; now: Now; background: Gateway; cancels: GatewayCancels };

export function reconciliationRoutes(routes: Routes, { config, database, now, background, cancels }: ReconciliationParts): void {
  const periodOf = (query: { from?: string; to?: string }): { from: number; to: number } =>
    reconciledPeriod(dayOrInstant("/from", query.from, config.timezone, "start"), dayOrInstant("/to", query.to, config.timezone, "end"), now());

  routes.read(
    {
      method: "GET",
      path: "/admin/reconciliation",
      operationId: "reconcile",
      audience: "operator",
      permission: "refunds",
      tag: "Payments",
      summary: "Compare the gateway's ledger with the shop's: every difference, at most 1,000 of them listed",
      description:
        "Without `from` and `to` the last 24 hours. The period selects the payments; each is compared as it is now. Each settlement, with its fees, is compared with the gateway's ledger. A payment that was cancelled as a whole at the gateway is booked.",
      query: Period,
      answers: { 200: Reconciliation },
      refusals: ["BUSY", "PAYMENT_METHOD_UNAVAILABLE"],
      shape: ({ query }) => void periodOf(query),
    },
    async ({ query }) => {
      const { from, to } = periodOf(query);
      try {
        return await reconcile({ database, gateway: background, book: (key) => cancels.check(key), now: now() }, from, to);
      } catch (error) {
        if (error instanceof GatewayUnknown || error instanceof GatewayBusy) refuse("BUSY", { retryAfter: 5 });
        throw error;
      }
    },
  );
}
