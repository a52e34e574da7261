// Cancel an order.

import Type from "typebox";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Routes } from "../http/route.ts";
import { Body, Id } from "../http/schemas.ts";
import { cancelOrder } from "./cancel-order.ts";
import { viewerOf } from "./may-read.ts";
import type { OrderCache } from "./order-cache.ts";
import { orderReader } from "./order-reader.ts";
import { OrderSchema } from "./order.schemas.ts";
import type { PaymentRecord } from "./payment/payment.ts";
import { selectPayment } from "./payment/payment.sql.ts";
import { CARD_REFUND_DESCRIPTION, type RefundParts, RefundReceiveAccount, submitRefund } from "./refund/submit-refund.ts";

export type CancelOrderParts = {
  config: Pick<Config, "gateway" | "cancelWithinMs" | "timezone">;
  database: Database;
  orderCache: OrderCache;
  gateway: Gateway;
  refunds: RefundParts["refunds"];
  /** Settles a payment at the gateway. */
  payments: { settle(id: string, first: boolean): Promise<PaymentRecord> };
};

export function cancelOrderRoutes(routes: Routes, { config, database, orderCache, gateway, refunds, payments }: CancelOrderParts): void {
  const cancel = cancelOrder(orderCache);
  const closeAccount = async (id: string, first: boolean): Promise<PaymentRecord | undefined> => {
    const found = await database.rows(selectPayment(id));
    return found.length > 0 ? payments.settle(id, first) : undefined;
  };
  const parts = { orders: orderReader(database), gateway, refunds, closeAccount };
  const askAfterMs = config.gateway.timeoutMs + config.gateway.settleAfterMs;

  routes.write(
    {
      method: "POST",
      path: "/orders/{orderId}/cancel",
      operationId: "cancelOrder",
      audience: "shopper",
      permission: "orders",
      tag: "Orders",
      summary: "Cancel an unpaid order, or refund a paid one in full",
      params: Type.Object({ orderId: Id() }),
      body: Body({ refundReceiveAccount: Type.Optional(RefundReceiveAccount) }),
      description: `${CARD_REFUND_DESCRIPTION} The account of an order that waits for a deposit is closed first; if the deposit has come before, the order is paid: ORDER_NOT_CANCELLABLE, and the next request refunds it.`,
      answers: { 200: OrderSchema, 202: OrderSchema },
      refusals: ["ORDER_NOT_FOUND", "ORDER_NOT_CANCELLABLE", "ORDER_NOT_REFUNDABLE", "PAYMENT_IN_PROGRESS"],
    },
    ({ caller, params: { orderId }, body: { refundReceiveAccount: receiveAccount } }) => {
      const callerId = caller.role === "operator" ? null : caller.id;
      const { cancelWithinMs } = config;
      return submitRefund(parts, cancel, { orderId, callerId, askAfterMs, receiveAccount, cancelWithinMs, viewer: viewerOf(caller, config) });
    },
  );
}
