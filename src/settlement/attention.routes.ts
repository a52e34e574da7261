// Money in doubt: what needs a person, and that person's word.

import Type from "typebox";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { newestFirst } from "../http/pages.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Instant, Money, NextCursor, Nullable, OneOf, page, Query } from "../http/schemas.ts";
import type { OrderCache } from "../order/order-cache.ts";
import { type Attention, ATTENTION_KINDS, selectAttention } from "./attention.sql.ts";
import { outcomesOf, RESOLVE_OUTCOMES, resolveAttention } from "./resolve.ts";

export type AttentionParts = { config: Pick<Config, "balanceMax" | "gateway">; database: Database; orderCache: OrderCache };

const shared = {
  id: Id("Names it in `POST /admin/payments/{id}/resolve`: the payment's, the charge's or the refund's"),
  kind: OneOf(ATTENTION_KINDS),
  paymentId: Id("The payment's or the charge's"),
  orderId: Nullable(Id("Null for a charge")),
};
const InDoubt = Type.Object({
  ...shared,
  userId: Nullable(Id()),
  paymentKey: Type.String(),
  status: Type.String({ description: "Of the payment, charge, refund or capture" }),
  amount: Money(),
  reason: Nullable(Type.String({ description: "The gateway's code, or why the gateway cannot tell the outcome" })),
  outcomes: Type.Array(OneOf(RESOLVE_OUTCOMES), { description: "The outcomes that can be true" }),
  createdAt: Instant(),
});
const ResolveBody = Body({
  outcome: OneOf(RESOLVE_OUTCOMES),
  reason: Type.String({ minLength: 1, maxLength: 500, description: "For operators" }),
});

export function attentionRoutes(routes: Routes, { config, database, orderCache }: AttentionParts): void {
  const { giveUpAfterMs } = config.gateway;
  const inDoubt = newestFirst("payments attention");
  const resolve = resolveAttention(database, orderCache);

  routes.read(
    {
      method: "GET",
      path: "/admin/payments/attention",
      operationId: "listPaymentsAttention",
      audience: "operator",
      permission: "refunds",
      tag: "Payments",
      summary: "Money in doubt: what needs a person",
      description:
        "Payments, charges and refunds whose outcome is unknown for longer than PAYMENT_GIVE_UP_AFTER_MS, or whose answer the shop cannot read; refunds that the gateway refused; captures that pay for nothing and did not go back yet; parts of payments, and charges, that were cancelled at the gateway; deposits that the bank has taken back.",
      query: Query(page),
      answers: { 200: Type.Object({ payments: Type.Array(InDoubt), nextCursor: NextCursor }) },
      shape: inDoubt.checkCursor,
    },
    async ({ query }) => {
      const select = (after: [id: string] | null, limit: number): Promise<Attention[]> =>
        database.rows<Attention>(selectAttention(giveUpAfterMs, after?.[0] ?? null, limit));
      const { rows, nextCursor } = await inDoubt.read(query, select, ({ id }) => [id]);
      return { payments: rows.map((row) => ({ ...row, outcomes: [...outcomesOf(row)], createdAt: iso(row.createdAt) })), nextCursor };
    },
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/payments/{id}/resolve",
      operationId: "resolvePayment",
      audience: "operator",
      permission: "refunds",
      tag: "Payments",
      summary: "Decide about money in doubt, where the gateway has no word",
      description:
        "PAID: the buyer's money is with the shop. NOT_PAID: it never came. RETURNED: the buyer has it back. Books what follows: an order is completed or its goods are restored, a refund is completed or ends, a capture or a cancel at the gateway is closed. 404 if nothing with this id is in doubt.",
      params: Type.Object({ id: Id() }),
      body: ResolveBody,
      answers: { 200: Type.Object({ ...shared, outcome: OneOf(RESOLVE_OUTCOMES) }) },
      refusals: ["PAYMENT_NOT_FOUND", "PAYMENT_IN_PROGRESS"],
    },
    ({ params: { id }, body: { outcome, reason } }) => submit(resolve, { id, outcome, reason, balanceMax: config.balanceMax, giveUpAfterMs }),
  );
}
