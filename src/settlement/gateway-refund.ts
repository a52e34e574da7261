// Giving captured money back, for a refund or because nobody may have it: once, whatever becomes of the call.

import { cutText } from "../text.ts";
import { type Gateway, GatewayBusy, type GatewayPayment, GatewayUnknown } from "../gateway/gateway.ts";
import { CURRENCY_MISMATCH } from "./capture-outcome.ts";

export type GatewayRefund = { kind: "done" } | { kind: "refused"; code: string } | { kind: "unknown"; reason: string };

/**
 * Cancels `amount` of a payment (null: all of it, of whatever currency) under `id`, which is the idempotency key and stands in the reason that the gateway keeps: so it can be told
 * whether it was done already, even from a gateway that has forgotten the key. Never throws for what the gateway does.
 * @param again whether it may have been sent before
 */
export async function refundAtGateway(
  gateway: Gateway,
  { id, paymentKey, amount, reason }: { id: string; paymentKey: string; amount: number | null; reason: string },
  again: boolean,
): Promise<GatewayRefund> {
  try {
    // A part of the shop's money that goes back in another currency is another sum: then it is not known what went back.
    const checked = (payment: GatewayPayment | undefined): GatewayPayment | undefined => {
      if (payment && amount !== null && payment.currency !== gateway.currency) throw new GatewayUnknown(CURRENCY_MISMATCH, { trouble: false });
      return payment;
    };
    const isGivenBack = async (): Promise<boolean> =>
      checked(await gateway.find(paymentKey))?.cancels.some((cancel) => cancel.reason.endsWith(`[${id}]`)) ?? false;

    if (again && (await isGivenBack())) return { kind: "done" };
    const answer = await gateway.cancel({ paymentKey, amount, reason: `${cutText(reason, 150)} [${id}]`, idempotencyKey: id });
    if (answer.kind === "payment") {
      checked(answer.payment);
      return { kind: "done" };
    }
    return (await isGivenBack()) ? { kind: "done" } : { kind: "refused", code: answer.code };
  } catch (error) {
    if (error instanceof GatewayUnknown) return { kind: "unknown", reason: error.reason };
    if (error instanceof GatewayBusy) return { kind: "unknown", reason: "GATEWAY_NOT_CALLED" };
    throw error;
  }
}
