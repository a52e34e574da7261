// Giving captured money back, for a refund or because nobody may have it: once, whatever becomes of the call.

import { cutText } from "../text.ts";
import { type Gateway, GatewayBusy, GatewayUnknown } from "./gateway.ts";

export type GivenBack = { kind: "done" } | { kind: "refused"; code: string } | { kind: "unknown"; reason: string };

/**
 * Cancels `amount` of a payment under `id`, which is the idempotency key and stands in the reason that the gateway keeps: so it can be told
 * whether it was done already, even from a gateway that has forgotten the key. Never throws for what the gateway does.
 * @param again whether it may have been sent before
 */
export async function giveMoneyBack(
  gateway: Gateway,
  { id, paymentKey, amount, reason }: { id: string; paymentKey: string; amount: number; reason: string },
  again: boolean,
): Promise<GivenBack> {
  try {
    if (again && (await isGivenBack(gateway, paymentKey, id))) return { kind: "done" };
    const answer = await gateway.cancel({ paymentKey, amount, reason: `${cutText(reason, 150)} [${id}]`, idempotencyKey: id });
    if (answer.kind === "payment") return { kind: "done" };
    return (await isGivenBack(gateway, paymentKey, id)) ? { kind: "done" } : { kind: "refused", code: answer.code };
  } catch (error) {
    if (error instanceof GatewayUnknown) return { kind: "unknown", reason: error.reason };
    if (error instanceof GatewayBusy) return { kind: "unknown", reason: "GATEWAY_NOT_CALLED" };
    throw error;
  }
}

async function isGivenBack(gateway: Gateway, paymentKey: string, id: string): Promise<boolean> {
  const payment = await gateway.find(paymentKey);
  return payment?.cancels.some((cancel) => cancel.reason.endsWith(`[${id}]`)) ?? false;
}
