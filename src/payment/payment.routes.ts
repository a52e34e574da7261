import Type from "typebox";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Instant, Money, Nullable, OneOf } from "../http/schemas.ts";
import { mayRead } from "../order/order.routes.ts";
import { type PaymentRow, selectPayment } from "../order/payment.sql.ts";
import { invalid, refuse } from "../refusal.ts";
import type { Shop } from "../shop.ts";
import { payOrder } from "./pay-order.ts";
import { paymentHistory, paymentView } from "./payment.ts";

const PAYMENT_STATUS = OneOf(["PENDING", "UNKNOWN", "COMPLETED", "FAILED", "REFUNDED", "PARTIALLY_REFUNDED"]);
const payment = { paymentId: Id(), orderId: Id(), method: OneOf(["BALANCE", "CARD"]), status: PAYMENT_STATUS, amount: Money(), paidAt: Nullable(Instant()) };

export function paymentRoutes(routes: Routes, { config, database, orderFacts }: Shop): void {
  const pay = payOrder(orderFacts);

  routes.write(
    {
      method: "POST",
      path: "/payments",
      operationId: "payOrder",
      audience: "shopper",
      tag: "Payments",
      summary: "Pay an order that was placed DEFERRED",
      body: Body({
        orderId: Id(),
        userId: Type.Optional(Id("The caller's own, unless an operator calls")),
        method: OneOf(["BALANCE", "CARD"]),
        paymentKey: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      }),
      answers: { 201: Type.Object(payment) },
      refusals: [
        "FORBIDDEN",
        "ORDER_NOT_FOUND",
        "ORDER_NOT_PAYABLE",
        "PAYMENT_IN_PROGRESS",
        "PRODUCT_NOT_FOUND",
        "PRODUCT_NOT_FOR_SALE",
        "STOCK_INSUFFICIENT",
        "COUPON_UNUSABLE",
        "BALANCE_INSUFFICIENT",
      ],
    },
    ({ caller, body }) => {
      if (body.method === "CARD") invalid("/method", "CARD is not offered by this shop yet");
      const userId = body.userId?.toLowerCase();
      if (userId !== undefined && caller.role !== "operator" && userId !== caller.id) refuse("FORBIDDEN");
      // An operator who names a user means that user's order and no other.
      const callerId = caller.role === "operator" ? (userId ?? null) : caller.id;
      return submit(pay, { orderId: body.orderId.toLowerCase(), callerId, balanceMax: config.balanceMax }, 201);
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/payments/{paymentId}",
      operationId: "getPayment",
      audience: "shopper",
      tag: "Payments",
      summary: "One payment, and every step of it",
      params: Type.Object({ paymentId: Id() }),
      answers: { 200: Type.Object({ ...payment, history: Type.Array(Type.Object({ status: PAYMENT_STATUS, at: Instant(), reason: Nullable(Type.String()) })) }) },
      refusals: ["PAYMENT_NOT_FOUND"],
    },
    async ({ caller, params: { paymentId } }) => {
      const [row] = await database.rows<PaymentRow & { userId: string }>(selectPayment(paymentId));
      if (!row || !mayRead(caller, row.userId)) refuse("PAYMENT_NOT_FOUND", { paymentId });
      return { ...paymentView(row), history: paymentHistory(row) };
    },
  );
}
