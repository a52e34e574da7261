// Pay an order, and read a payment.

import Type from "typebox";
import type { Config } from "../../config.ts";
import type { Database } from "../../database/pool.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import { ownKey } from "../../gateway/simulator/own-key.ts";
import type { RefusalCounts } from "../../drop/refusal-counts.ts";
import { DROP_REFUSALS } from "../../drop/sell-in-drop.ts";
import { personOf } from "../../drop/person-of.ts";
import { onBehalf } from "../../http/on-behalf.ts";
import { type Routes, submit } from "../../http/route.ts";
import { Body, ExpectedAmount, Id, PaymentKey } from "../../http/schemas.ts";
import { submitTwoPhase } from "../../idempotency/two-phase.ts";
import { invalid, refuse } from "../../refusal.ts";
import type { OrderCache } from "../order-cache.ts";
import { mayRead } from "../may-read.ts";
import { payOrder } from "./pay-order.ts";
import type { PaymentRecord } from "./payment.ts";
import { historyCount, historyFields, paymentFields, PaymentMethodSchema } from "./payment.schemas.ts";
import { paymentRecordOf, selectPayment, STEPS_SHOWN } from "./payment.sql.ts";
import { paymentHistory, paymentStatus, paymentView } from "./payment-view.ts";
import { startCardPayment } from "./start-card-payment.ts";

export type PaymentParts = {
  config: Pick<Config, "gateway">;
  database: Database;
  orderCache: OrderCache;
  gateway: Gateway;
  refusalCounts: RefusalCounts;
  /** Settles a payment by card. */
  payments: { settle(id: string, first: boolean): Promise<PaymentRecord> };
};

const Payment = Type.Object(paymentFields, { title: "Payment" });
const PaymentWithHistory = Type.Object({ ...paymentFields, ...historyFields }, { title: "PaymentWithHistory" });
const PayOrderBody = Body({
  orderId: Id(),
  userId: Type.Optional(Id("The caller's own, unless an operator calls")),
  method: PaymentMethodSchema,
  expectedAmount: Type.Optional(ExpectedAmount()),
  paymentKey: Type.Optional(PaymentKey("For CARD: the payment that the buyer has authorized at the gateway")),
  gatewayOrderId: Type.Optional(
    Type.String({
      maxLength: 64,
      description:
        "For CARD: the order id with which the payment window was opened: `orderId`, the default, or `orderId` followed by `_2`, `_3` and so on. The gateway takes money for one order id once, so an order whose money it has sent back needs the next one.",
    }),
  ),
});

export function paymentRoutes(routes: Routes, parts: PaymentParts): void {
  payOrderRoute(routes, parts);
  paymentRoute(routes, parts.database);
}

function payOrderRoute(routes: Routes, { config, orderCache, gateway, payments, refusalCounts }: PaymentParts): void {
  const pay = payOrder(orderCache);
  const startByCard = startCardPayment(orderCache, config.gateway.kind !== "none");
  const askAfterMs = config.gateway.timeoutMs + config.gateway.settleAfterMs;
  const settle = async (id: string, first: boolean) => paymentStatus(await payments.settle(id, first));

  routes.write(
    {
      method: "POST",
      path: "/payments",
      operationId: "payOrder",
      audience: "shopper",
      permission: "orders",
      tag: "Payments",
      summary: "Pay an order that was placed DEFERRED",
      description:
        "By card: 201 after the gateway has captured the money; 402 if it declines, and stock and coupon are restored; 202 while the outcome is not known: stock and coupon stay reserved, and the shop asks the gateway until it is.",
      body: PayOrderBody,
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
        ...DROP_REFUSALS,
      ],
      shape: ({ body }) => {
        if (body.method === "CARD" && body.paymentKey === undefined) invalid("/paymentKey", "is required to pay by card");
        if (body.gatewayOrderId !== undefined && !isGatewayOrderId(body.gatewayOrderId, body.orderId.toLowerCase()))
          invalid("/gatewayOrderId", "must be orderId, or orderId followed by _2, _3 and so on");
      },
    },
    ({ caller, body }) => {
      // An operator who names a user may pay only that user's order.
      const callerId = caller.role === "operator" && body.userId === undefined ? null : onBehalf(caller, body.userId);
      const { expectedAmount = null, paymentKey = "" } = body;
      const person = callerId === caller.id ? { person: personOf(caller, callerId) } : {};
      const order = { orderId: body.orderId.toLowerCase(), callerId, expectedAmount, ...person };
      if (body.method === "BALANCE") return refusalCounts.counting(submit(pay, order, 201));
      const gatewayOrderId = body.gatewayOrderId ?? order.orderId;
      const input = { ...order, gatewayOrderId, paymentKey: ownKey(config.gateway, paymentKey, gatewayOrderId), askAfterMs };
      return refusalCounts.counting(submitTwoPhase({ begin: startByCard, input, status: 201, admit: (work) => gateway.admit(work), settle }));
    },
  );
}

/** Whether the gateway may know a payment of this order under `id`. */
function isGatewayOrderId(id: string, orderId: string): boolean {
  const lower = id.toLowerCase();
  return lower === orderId || (lower.startsWith(orderId) && /^_(?:[2-9]|[1-9]\d{1,5})$/.test(lower.slice(orderId.length)));
}

function paymentRoute(routes: Routes, database: Database): void {
  routes.read(
    {
      method: "GET",
      path: "/payments/{paymentId}",
      operationId: "getPayment",
      audience: "shopper",
      permission: "orders",
      tag: "Payments",
      summary: `One payment with its steps, the newest ${STEPS_SHOWN} if there are more`,
      description: "A payment by card has one step for each word of the gateway. Shoppers see their own payments only; another's is 404.",
      params: Type.Object({ paymentId: Id() }),
      answers: { 200: PaymentWithHistory },
      refusals: ["PAYMENT_NOT_FOUND"],
    },
    async ({ caller, params: { paymentId } }) => {
      const [row] = await database.rows<Record<string, unknown>>(selectPayment(paymentId));
      const payment = row && paymentRecordOf(row);
      if (!payment || !mayRead(caller, payment.userId)) refuse("PAYMENT_NOT_FOUND", { paymentId });
      return { ...paymentView(payment), history: paymentHistory(payment, caller.role === "operator"), ...historyCount(payment) };
    },
  );
}
