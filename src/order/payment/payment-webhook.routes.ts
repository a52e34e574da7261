import Type from "typebox";
import type { Routes } from "../../http/route.ts";
import { invalid } from "../../refusal.ts";

const Notification = Type.Object(
  {
    eventType: Type.Optional(Type.String({ maxLength: 100 })),
    data: Type.Optional(Type.Object({ paymentKey: Type.Optional(Type.String({ maxLength: 200 })) }, { additionalProperties: true })),
    orderId: Type.Optional(Type.String({ maxLength: 64, description: "Of DEPOSIT_CALLBACK, which has no payment key" })),
  },
  { additionalProperties: true },
);

type Worker = { notify(paymentKey: string): Promise<void>; notifyDeposit(gatewayOrderId: string): Promise<void> };

/** @param worker called with the payment key, or the order id, of each notification */
export function paymentWebhookRoutes(routes: Routes, { worker }: { worker: Worker }): void {
  routes.read(
    {
      method: "POST",
      path: "/payments/webhooks/toss",
      operationId: "paymentWebhook",
      audience: "anyone",
      tag: "Payments",
      summary: "Receives the gateway's notification that a payment has changed, or a deposit has arrived",
      description: "Unsigned, so the notification itself is not trusted: the shop asks the gateway. 200 for every body that can be read.",
      body: Notification,
      answers: { 200: Type.Object({}) },
      shape: ({ body }) => {
        if (body.eventType === undefined && body.orderId === undefined) invalid("/eventType", "is required");
      },
    },
    async ({ body }) => {
      if (body.data?.paymentKey) await worker.notify(body.data.paymentKey);
      else if (body.orderId) await worker.notifyDeposit(body.orderId);
      return {};
    },
  );
}
