// A charge that a client has announced. The gateway's window needs an order id before it opens, and the charge that follows is confirmed with
// the same id.

import { refuse } from "../refusal.ts";

/** `amount` in minor units, instants in ms. */
export type ChargeIntent = { id: string; userId: string; amount: number; createdAt: number; expiresAt: number };

/** How long the gateway keeps an authorization that is not confirmed; a window that was opened earlier leads to nothing. */
export const CHARGE_INTENT_LASTS_MS = 30 * 60_000;

/**
 * Refuses a charge that is not the announced one.
 * Errors: PAYMENT_NOT_FOUND for an unknown id and for another user's, AMOUNT_CHANGED.
 */
export function checkIntent(
  intent: ChargeIntent | undefined,
  { userId, chargeId, amount }: { userId: string; chargeId: string; amount: number },
): ChargeIntent {
  if (intent?.userId !== userId) refuse("PAYMENT_NOT_FOUND", { chargeId });
  if (intent.amount !== amount) refuse("AMOUNT_CHANGED", { expectedAmount: amount, amount: intent.amount });
  return intent;
}
