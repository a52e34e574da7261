// The result of asking the gateway about an attempt. Every kind of attempt has this one type.

import { GatewayBusy, GatewayUnknown } from "../gateway/gateway.ts";

/** Why money of another currency than the shop's is sent back. Its amount is in minor units of its own currency. */
export const CURRENCY_MISMATCH = "CURRENCY_MISMATCH";

export type GatewayOutcome =
  | { kind: "done" }
  /**
   * Final. If `confirmed` is false the gateway never said so itself, and the shop looks the payment up again for a day.
   * `captured`: money that the gateway holds and that cannot pay for this attempt, in minor units.
   */
  | { kind: "failed"; reason: string; confirmed: boolean; captured: number }
  | { kind: "unknown"; reason: string };

/** A failure that the gateway itself has stated. */
export function failed(reason: string, captured = 0): GatewayOutcome {
  return { kind: "failed", reason, confirmed: true, captured };
}

/** Runs calls to the gateway. A call without a usable answer, or one that was not sent, has the outcome `unknown`. */
export async function outcomeOf(ask: () => Promise<GatewayOutcome>): Promise<GatewayOutcome> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof GatewayUnknown) return { kind: "unknown", reason: error.reason };
    if (error instanceof GatewayBusy) return { kind: "unknown", reason: "GATEWAY_NOT_CALLED" };
    throw error;
  }
}
