// Schemas of payments that several routes share.

import Type from "typebox";
import { GATEWAY_METHODS } from "../../payment-settings.ts";
import { Id, Instant, Money, Nullable, OneOf } from "../../http/schemas.ts";
import { PAYMENT_STATUSES, type PaymentRecord } from "./payment.ts";

const PaymentStatusSchema = OneOf(PAYMENT_STATUSES);
export const PaymentMethodSchema = OneOf(["BALANCE", "CARD"]);

export const paymentFields = {
  paymentId: Id(),
  orderId: Id(),
  method: PaymentMethodSchema,
  status: PaymentStatusSchema,
  amount: Money(),
  paidAt: Nullable(Instant()),
  details: Type.Optional(
    Type.Object(
      {
        method: OneOf([...GATEWAY_METHODS, "OTHER"]),
        company: Nullable(Type.String({ description: "The card's issuer, the bank, or the provider of easy pay" })),
        lastDigits: Nullable(Type.String({ description: "The last four characters of the card number, as the gateway masks them" })),
        approvalNumber: Nullable(Type.String()),
        approvedAt: Nullable(Instant()),
        receiptUrl: Nullable(Type.String({ format: "uri" })),
        taxFreeAmount: Type.Optional(
          Type.Integer({ description: "The part that is exempt from value-added tax, in the currency's minor unit; absent: 0" }),
        ),
      },
      { description: "The payment in the gateway's words" },
    ),
  ),
  deposit: Type.Optional(
    Type.Object(
      { bankCode: Type.String(), bank: Nullable(Type.String()), accountNumber: Type.String(), dueAt: Instant() },
      { description: "While WAITING_FOR_DEPOSIT: where and until when the buyer pays" },
    ),
  ),
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
