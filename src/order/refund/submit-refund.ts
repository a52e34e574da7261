import Type from "typebox";
import { Body, Text } from "../../http/schemas.ts";
import type { BatchedRead } from "../../database/batched-read.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import type { Submission } from "../../http/route.ts";
import { type AttemptStatus, submitTwoPhase } from "../../idempotency/two-phase.ts";
import { Refusal } from "../../refusal.ts";
import type { Command } from "../../till/command.ts";
import type { Started } from "../../idempotency/two-phase.ts";
import { type OrderRow, orderRowView, type OrderView, type Viewer } from "../order-view.ts";
import type { PaymentRow } from "../payment/payment.ts";
import type { RefundRow } from "./refund.sql.ts";

export const CARD_REFUND_DESCRIPTION =
  "A card payment is refunded through the gateway. If the gateway does not answer: 202 and the order as it is now; the refund is in progress and completes when the gateway answers.";

export const RefundReceiveAccount = Body(
  {
    bank: Type.String({ minLength: 1, maxLength: 30, description: "The bank's name or code at the gateway" }),
    accountNumber: Type.String({ pattern: "^\\d{1,20}$", description: "Digits only" }),
    holderName: Text(60),
  },
  {
    description:
      "Of the buyer. A refund of a payment by VIRTUAL_ACCOUNT needs it, because a deposit cannot go back the way it came. Kept only until the refund has ended",
  },
);

export type RefundParts = {
  orders: BatchedRead<OrderRow>;
  gateway: Pick<Gateway, "admit">;
  /**
   * Settles a refund to a card, as far as the gateway answers now.
   * @param first this request has started the refund
   */
  refunds: { settle(id: string, first: boolean): Promise<RefundRow> };
  /** Closes the account of a payment that waits for a deposit, as far as the gateway answers now. Undefined for an id of no payment. */
  closeAccount?: (id: string, first: boolean) => Promise<PaymentRow | undefined>;
};

/** Submits a command that may start a refund to a card, then settles that refund. */
export function submitRefund<Input extends { viewer: Viewer }>(
  { orders, gateway, refunds, closeAccount }: RefundParts,
  begin: Command<Input, Started<OrderView>>,
  input: Input,
): Submission {
  async function shown(orderId: string, over: boolean): Promise<AttemptStatus> {
    const row = await orders.get(orderId);
    if (row === undefined) throw new Error(`order ${orderId} does not exist`);
    return { over, status: over ? 200 : 202, body: orderRowView(row, input.viewer) };
  }
  async function settle(id: string, first: boolean): Promise<AttemptStatus> {
    const payment = await closeAccount?.(id, first);
    if (payment) return refusalOf(payment) ?? shown(payment.orderId, payment.status === "FAILED");
    const { orderId, status, amount, failure } = await refunds.settle(id, first);
    if (status === "FAILED") return { over: true, refusal: new Refusal("ORDER_NOT_REFUNDABLE", { orderId, amount, reason: failure }) };
    return shown(orderId, status !== "PENDING");
  }
  return submitTwoPhase({ begin, input, status: 200, admit: (work) => gateway.admit(work), settle });
}

/** Why an order that waited for a deposit is not cancelled: the gateway goes on waiting, or the deposit has come. */
function refusalOf({ orderId, status, card }: PaymentRow): AttemptStatus | undefined {
  if (status === "FAILED" || (status === "WAITING_FOR_DEPOSIT" && card?.closing)) return undefined;
  if (status === "WAITING_FOR_DEPOSIT") return { over: true, refusal: new Refusal("PAYMENT_IN_PROGRESS", { orderId }) };
  return { over: true, refusal: new Refusal("ORDER_NOT_CANCELLABLE", { orderId, orderStatus: status, reason: "STATUS" }) };
}
