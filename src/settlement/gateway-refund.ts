// Sends captured money back through the gateway, once, even if the call has to be repeated.

import { cutText } from "../text.ts";
import type { Gateway, GatewayPayment, ReceiveAccount } from "../gateway/gateway.ts";
import { askGateway } from "./ask-gateway.ts";
import { CURRENCY_MISMATCH, failed, type GatewayOutcome, type LookedUp, UNRECOGNIZED_ANSWER } from "./outcome.ts";

export type GatewayRefund = {
  /** The first idempotency key. It also stands in the reason that the gateway stores, so a repeated refund is found under any key. */
  id: string;
  keyNumber: number;
  paymentKey: string;
  /** In minor units; null: all that is left, in the currency in which it was paid. */
  amount: number | null;
  taxFreeAmount?: number | null;
  reason: string;
  receiveAccount?: ReceiveAccount | null | undefined;
};

/** Sends money back. Never throws for a gateway error. @param again whether the request may have been sent before */
export async function refundAtGateway(gateway: Gateway, refund: GatewayRefund, again: boolean): Promise<GatewayOutcome> {
  const { id, paymentKey, amount, taxFreeAmount = null, reason, receiveAccount = null } = refund;
  const terms = { paymentKey, amount, taxFreeAmount, reason: `${cutText(reason, 150)} [${id}]`, receiveAccount };
  const outcome = await askGateway({
    ...refund,
    gateway,
    first: !again,
    send: (idempotencyKey) => gateway.cancel({ ...terms, idempotencyKey }),
    interpret: (payment, isAnswer) => stateOf(payment, refund, { isAnswer, currency: gateway.currency }),
    // The money may have gone back in another way, so every refusal is looked up.
  });
  if (outcome.kind === "open") throw new Error("a refund that may be sent was not sent");
  return outcome.kind === "failed" ? failed(outcome.reason) : outcome;
}

/** Whether this refund has been made. */
function stateOf(
  payment: GatewayPayment | undefined,
  { id, amount }: GatewayRefund,
  { isAnswer, currency }: { isAnswer: boolean; currency: string },
): LookedUp {
  if (payment === undefined) return { kind: "open", reason: "NEVER_HEARD_OF" };
  // A part that goes back in another currency is another amount, so the refunded sum is unknown.
  if (amount !== null && payment.currency !== currency) return { kind: "unknown", reason: CURRENCY_MISMATCH };
  if (isAnswer || payment.cancels.some((cancel) => cancel.reason.endsWith(`[${id}]`))) return { kind: "done" };
  if (payment.status === "UNRECOGNIZED") return { kind: "unknown", reason: UNRECOGNIZED_ANSWER };
  // Nothing is left to send back: the rest of the payment was cancelled at the gateway.
  return payment.status === "CANCELED" && payment.left === 0 ? { kind: "done", whole: true } : { kind: "open", reason: "NOT_REFUNDED" };
}
