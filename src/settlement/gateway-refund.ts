// Sends captured money back through the gateway, once, even if the call has to be repeated.

import { cutText } from "../text.ts";
import { type Gateway, type GatewayPayment, GatewayUnknown } from "../gateway/gateway.ts";
import { CURRENCY_MISMATCH, failed, type GatewayOutcome, outcomeOf } from "./outcome.ts";

export type GatewayRefund = {
  /** The idempotency key. It also stands in the reason that the gateway stores, so a repeated refund is found even without the key. */
  id: string;
  paymentKey: string;
  /** In minor units; null: all of it, in the currency in which it was paid. */
  amount: number | null;
  reason: string;
};

/** Sends money back. Never throws for a gateway error. @param again whether the request may have been sent before */
export function refundAtGateway(gateway: Gateway, { id, paymentKey, amount, reason }: GatewayRefund, again: boolean): Promise<GatewayOutcome> {
  // A part that goes back in another currency is another amount, so the refunded sum is unknown.
  const checked = (payment: GatewayPayment | undefined): GatewayPayment | undefined => {
    if (payment && amount !== null && payment.currency !== gateway.currency) throw new GatewayUnknown(CURRENCY_MISMATCH, { gatewayFailed: false });
    return payment;
  };
  const isRefunded = async (): Promise<boolean> =>
    checked(await gateway.find(paymentKey))?.cancels.some((cancel) => cancel.reason.endsWith(`[${id}]`)) ?? false;

  return outcomeOf(async () => {
    if (again && (await isRefunded())) return { kind: "done" };
    const answer = await gateway.cancel({ paymentKey, amount, reason: `${cutText(reason, 150)} [${id}]`, idempotencyKey: id });
    if (answer.kind === "payment") {
      checked(answer.payment);
      return { kind: "done" };
    }
    return (await isRefunded()) ? { kind: "done" } : failed(answer.code);
  });
}
