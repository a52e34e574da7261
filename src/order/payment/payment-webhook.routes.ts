import Type from "typebox";
import type { Routes } from "../../http/route.ts";

const Notification = Type.Object(
  {
    eventType: Type.String({ maxLength: 100 }),
    data: Type.Optional(Type.Object({ paymentKey: Type.Optional(Type.String({ maxLength: 200 })) }, { additionalProperties: true })),
  },
  { additionalProperties: true },
);

/** @param worker called with the payment key of each notification */
export function paymentWebhookRoutes(routes: Routes, { worker }: { worker: { notify(paymentKey: string): void } }): void {
  routes.read(
    {
      method: "POST",
      path: "/payments/webhooks/toss",
      operationId: "paymentWebhook",
      audience: "anyone",
      tag: "Payments",
      summary: "Receives the gateway's notification that a payment has changed",
      description: "Unsigned, so the notification itself is not trusted: the shop asks the gateway. 200 for every body that can be read.",
      body: Notification,
      answers: { 200: Type.Object({}) },
    },
    ({ body }) => {
      if (body.data?.paymentKey) worker.notify(body.data.paymentKey);
      return {};
    },
  );
}
