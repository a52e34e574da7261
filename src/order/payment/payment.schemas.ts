// Schemas of payments that several routes share.

import Type from "typebox";
import { Id, Instant, Money, Nullable, OneOf } from "../../http/schemas.ts";
import { PAYMENT_STATUSES, type PaymentRecord } from "./payment.ts";

export const PaymentStatusSchema = OneOf(PAYMENT_STATUSES);
export const PaymentMethodSchema = OneOf(["BALANCE", "CARD"]);

export const paymentFields = {
  paymentId: Id(),
  orderId: Id(),
  method: PaymentMethodSchema,
  status: PaymentStatusSchema,
  amount: Money(),
  paidAt: Nullable(Instant()),
};

export const historyFields = {
  history: Type.Array(
    Type.Object({
      status: PaymentStatusSchema,
      at: Instant(),
      reason: Nullable(Type.String({ description: "Of a refund: shown to operators only" })),
      customerReason: Type.Optional(Type.String({ description: "Of a refund: shown to the shopper" })),
    }),
  ),
  historyCount: Type.Optional(Type.Integer({ description: "Count of all steps, if `history` has only the newest of them" })),
};

/** Present only if steps are left out. */
export function historyCount({ steps, stepCount }: PaymentRecord): { historyCount?: number } {
  return steps !== null && stepCount > steps.length ? { historyCount: stepCount } : {};
}
