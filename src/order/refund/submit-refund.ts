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
import type { RefundRow } from "./refund.sql.ts";

export const CARD_REFUND_DESCRIPTION =
  "A card payment is refunded through the gateway. If the gateway does not answer: 202 and the order as it is now; the refund is in progress and completes when the gateway answers.";

export const RefundReceiveAccount = Body(
  {
    bank: Type.String({ minLength: 1, maxLength: 30, description: "The bank's name or code at the gateway" }),
    accountNumber: Type.String({ pattern: "^\\d{1,20}$", description: "Digits only" }),
    holderName: Text(60),
  },
  { description: "Required for a payment by VIRTUAL_ACCOUNT, whose deposit cannot go back the way it came. Kept only until the refund has ended" },
);

export type RefundParts = {
  orders: BatchedRead<OrderRow>;
  gateway: Pick<Gateway, "admit">;
  /**
   * Settles a refund to a card, as far as the gateway answers now.
   * @param first this request has started the refund
   */
  refunds: { settle(id: string, first: boolean): Promise<RefundRow> };
};

/** Submits a command that may start a refund to a card, then settles that refund. */
export function submitRefund<Input extends { viewer: Viewer }>(
  { orders, gateway, refunds }: RefundParts,
  begin: Command<Input, Started<OrderView>>,
  input: Input,
): Submission {
  async function settle(id: string, first: boolean): Promise<AttemptStatus> {
    const { orderId, status, amount, failure } = await refunds.settle(id, first);
    if (status === "FAILED") return { over: true, refusal: new Refusal("ORDER_NOT_REFUNDABLE", { orderId, amount, reason: failure }) };
    const row = await orders.get(orderId);
    if (row === undefined) throw new Error(`order ${orderId} of refund ${id} does not exist`);
    return { over: status !== "PENDING", status: status === "PENDING" ? 202 : 200, body: orderRowView(row, input.viewer) };
  }
  return submitTwoPhase({ begin, input, status: 200, admit: (work) => gateway.admit(work), settle });
}
