// The result of asking the gateway about an attempt. Every kind of attempt has this one type.

import { GatewayBusy, type GatewayDetails, GatewayUnknown } from "../gateway/gateway.ts";

/** Why money of another currency than the shop's is sent back. Its amount is in minor units of its own currency. */
export const CURRENCY_MISMATCH = "CURRENCY_MISMATCH";
/** The gateway answers with a status or an amount that the shop cannot read: only a person can interpret it. */
export const UNRECOGNIZED_ANSWER = "UNRECOGNIZED_ANSWER";
/** Nothing was sent: the circuit breaker is open. */
export const GATEWAY_NOT_CALLED = "GATEWAY_NOT_CALLED";

export type GatewayOutcome =
  /** `whole`: for a refund, all of the payment has gone back, because it was cancelled at the gateway. */
  | { kind: "done"; whole?: boolean; details?: GatewayDetails | null }
  /**
   * Final. If `confirmed` is false the gateway never said so itself, and the shop looks the payment up again for a day.
   * `captured`: money that the gateway holds and that cannot pay for this attempt, in minor units.
   */
  | { kind: "failed"; reason: string; confirmed: boolean; captured: number }
  /** `keyNumber`: the idempotency key that the next request uses; unset: the same. `closingRefused`: the gateway goes on waiting for the deposit. */
  | { kind: "unknown"; reason: string; keyNumber?: number; deposit?: AwaitedDeposit; closingRefused?: true };

/** The buyer has an account number, and pays before `dueAt`, in ms, or not at all. */
export type AwaitedDeposit = { dueAt: number; details: GatewayDetails };

/** The result of a look-up. `open`: nothing has happened at the gateway yet, so the request may be sent. */
export type LookedUp = GatewayOutcome | { kind: "open"; reason: string };

/** A failure that the gateway itself has stated. */
export function failed(reason: string, captured = 0): GatewayOutcome {
  return { kind: "failed", reason, confirmed: true, captured };
}

/** The schedule of an attempt after an answer that leaves its outcome unknown. */
export function askedAgain(
  { asked, keyNumber }: { asked: number; keyNumber: number },
  outcome: GatewayOutcome & { kind: "unknown" },
  askAt: number | null,
): { askAt: number | null; asked: number; keyNumber: number } {
  return { askAt, asked: asked + 1, keyNumber: outcome.keyNumber ?? keyNumber };
}

/** Errors: every error but the gateway's. */
export function ignoreGatewayError(error: unknown): void {
  if (!(error instanceof GatewayUnknown || error instanceof GatewayBusy)) throw error;
}
