import Type from "typebox";
import { nextCursor, ownCursor, readCursor } from "../../http/cursor.ts";
import { ownKey } from "../../gateway/simulator/own-key.ts";
import { onBehalf } from "../../http/on-behalf.ts";
import { type Routes, submit } from "../../http/route.ts";
import { Body, ExpectedAmount, Id, Instant, Money, NextCursor, Nullable, OneOf, page, PaymentKey, Query } from "../../http/schemas.ts";
import { type AttemptStatus, submitTwoPhase } from "../../idempotency/two-phase.ts";
import { mayRead } from "../may-read.ts";
import { type PaymentRecord, paymentRecordOf, selectPayment, selectPaymentPage, STEPS_IN_LIST, STEPS_SHOWN } from "./payment.sql.ts";
import { invalid, refuse } from "../../refusal.ts";
import type { Config } from "../../config.ts";
import type { Database } from "../../database/pool.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import type { OrderCache } from "../order-cache.ts";
import { payOrder } from "./pay-order.ts";
import { paymentHistory, paymentStatus, paymentView } from "./payment.ts";
import { startCardPayment } from "./start-card-payment.ts";

const PAYMENT_STATUSES = ["PENDING", "UNKNOWN", "COMPLETED", "FAILED", "REFUNDED", "PARTIALLY_REFUNDED"] as const;
const PAYMENT_STATUS = OneOf(PAYMENT_STATUSES);
const payment = {
  paymentId: Id(),
  orderId: Id(),
  method: OneOf(["BALANCE", "CARD"]),
  status: PAYMENT_STATUS,
  amount: Money(),
  paidAt: Nullable(Instant()),
};
const Payment = Type.Object(payment, { title: "Payment" });
const HistoryCount = Type.Optional(Type.Integer({ description: "How many steps there were, if `history` has only the newest of them" }));
const History = Type.Array(
  Type.Object({
    status: PAYMENT_STATUS,
    at: Instant(),
    reason: Nullable(Type.String({ description: "Of a refund: shown to operators only" })),
    customerReason: Type.Optional(Type.String({ description: "Of a refund: what the shopper reads" })),
  }),
);
const Stray = Type.Object(
  { amount: Money(), status: OneOf(["PENDING", "RETURNED", "REFUSED"]) },
  { description: "What the gateway took although the payment failed, and whether it is sent back" },
);

/** There only if steps are left out. */
function historyCount({ steps, stepCount }: PaymentRecord): { historyCount?: number } {
  return steps !== null && stepCount > steps.length ? { historyCount: stepCount } : {};
}

export type PaymentRoutesOptions = {
  config: Pick<Config, "gateway">;
  database: Database;
  orderCache: OrderCache;
  gateway: Gateway;
  cards: { pay(id: string, first: boolean): Promise<PaymentRecord> };
  desk: { again(ms: number): void; notify(paymentKey: string): void };
};

export function paymentRoutes(routes: Routes, { config, database, orderCache, gateway, cards, desk }: PaymentRoutesOptions): void {
  const pay = payOrder(orderCache);
  const startByCard = startCardPayment(orderCache, config.gateway.kind !== "none");

  /** Brings a payment by card as far as it goes now. */
  async function byCard(id: string, first: boolean): Promise<AttemptStatus> {
    const standing = paymentStatus(await cards.pay(id, first));
    if (!standing.over) desk.again(config.gateway.settleAfterMs);
    return standing;
  }

  routes.write(
    {
      method: "POST",
      path: "/payments",
      operationId: "payOrder",
      audience: "shopper",
      tag: "Payments",
      summary: "Pay an order that was placed DEFERRED",
      description:
        "By card: 201 once the gateway has captured the money; 402 where it declines, and everything is given back; 202 where its outcome is not known yet: stock and coupon stay held, and the shop asks until it knows.",
      body: Body({
        orderId: Id(),
        userId: Type.Optional(Id("The caller's own, unless an operator calls")),
        method: OneOf(["BALANCE", "CARD"]),
        expectedAmount: Type.Optional(ExpectedAmount()),
        paymentKey: Type.Optional(PaymentKey("For CARD: the payment that the buyer has authorized at the gateway")),
      }),
      answers: { 201: Payment, 202: Payment },
      refusals: [
        "FORBIDDEN",
        "ORDER_NOT_FOUND",
        "ORDER_NOT_PAYABLE",
        "PAYMENT_IN_PROGRESS",
        "AMOUNT_CHANGED",
        "PAYMENT_DECLINED",
        "PAYMENT_METHOD_UNAVAILABLE",
        "PRODUCT_NOT_FOUND",
        "PRODUCT_NOT_FOR_SALE",
        "STOCK_INSUFFICIENT",
        "COUPON_NOT_FOUND",
        "COUPON_UNUSABLE",
        "USER_NOT_FOUND",
        "BALANCE_INSUFFICIENT",
      ],
      shape: ({ body }) => {
        if (body.method === "CARD" && body.paymentKey === undefined) invalid("/paymentKey", "is required to pay by card");
      },
    },
    ({ caller, body }) => {
      // An operator who names a user means that user's order and no other.
      const callerId = caller.role === "operator" && body.userId === undefined ? null : onBehalf(caller, body.userId);
      const orderId = body.orderId.toLowerCase();
      const { expectedAmount = null } = body;
      if (body.method === "BALANCE") return submit(pay, { orderId, callerId, expectedAmount }, 201);
      const paymentKey = ownKey(config.gateway, body.paymentKey ?? "", orderId);
      const input = { orderId, callerId, expectedAmount, paymentKey, askAfterMs: config.gateway.timeoutMs + config.gateway.settleAfterMs };
      return submitTwoPhase({ begin: startByCard, input, status: 201, admit: (work) => gateway.admit(work), settle: byCard });
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/payments/{paymentId}",
      operationId: "getPayment",
      audience: "shopper",
      tag: "Payments",
      summary: `One payment, and every step of it, of more than ${STEPS_SHOWN} the newest`,
      params: Type.Object({ paymentId: Id() }),
      answers: { 200: Type.Object({ ...payment, history: History, historyCount: HistoryCount }, { title: "PaymentWithHistory" }) },
      refusals: ["PAYMENT_NOT_FOUND"],
    },
    async ({ caller, params: { paymentId } }) => {
      const [found] = await database.rows<Record<string, unknown>>(selectPayment(paymentId));
      const row = found && paymentRecordOf(found);
      if (!row || !mayRead(caller, row.userId)) refuse("PAYMENT_NOT_FOUND", { paymentId });
      return { ...paymentView(row), history: paymentHistory(row, caller.role === "operator"), ...historyCount(row) };
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/payments",
      operationId: "listPayments",
      audience: "operator",
      tag: "Payments",
      summary: `Payments, newest first, with their last ${STEPS_IN_LIST} steps, and money that came for what had failed`,
      query: Query({ ...page, status: Type.Optional(PAYMENT_STATUS), method: Type.Optional(OneOf(["BALANCE", "CARD"])) }),
      answers: {
        200: Type.Object({
          payments: Type.Array(Type.Object({ ...payment, userId: Id(), history: History, historyCount: HistoryCount, stray: Nullable(Stray) })),
          nextCursor: NextCursor,
        }),
      },
      shape: ownCursor("payments", ["id"]),
    },
    async ({ query: { limit = 20, cursor, status = null, method = null } }) => {
      const [before] = (readCursor("payments", cursor, ["id"]) ?? [null]) as [string | null];
      const rows = (await database.rows<Record<string, unknown>>(selectPaymentPage({ status, method }, before, limit + 1))).map((row) => ({
        ...paymentRecordOf(row),
        stray: row["strayStatus"] === null ? null : { amount: row["strayAmount"], status: row["strayStatus"] },
      }));
      const view = (row: PaymentRecord & { stray: unknown }) => ({
        ...paymentView(row),
        userId: row.userId,
        history: paymentHistory(row, true),
        ...historyCount(row),
        stray: row.stray,
      });
      return { payments: rows.slice(0, limit).map(view), nextCursor: nextCursor(rows, limit, "payments", (row) => [row.id]) };
    },
  );

  routes.read(
    {
      method: "POST",
      path: "/payments/webhooks/toss",
      operationId: "paymentWebhook",
      audience: "anyone",
      tag: "Payments",
      summary: "Where the gateway says that a payment has changed",
      description: "Unsigned, so it is a hint and nothing more: the shop then asks the gateway. Always 200 for what can be read.",
      body: Type.Object(
        {
          eventType: Type.String({ maxLength: 100 }),
          data: Type.Optional(Type.Object({ paymentKey: Type.Optional(Type.String({ maxLength: 200 })) }, { additionalProperties: true })),
        },
        { additionalProperties: true },
      ),
      answers: { 200: Type.Object({}) },
    },
    ({ body }) => {
      if (body.data?.paymentKey) desk.notify(body.data.paymentKey);
      return {};
    },
  );
}
