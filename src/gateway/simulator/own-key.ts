import type { GatewaySettings } from "../../config.ts";

/** What a gateway takes. */
const LONGEST_KEY = 200;

/**
 * The key under which the gateway knows a payment. A gateway makes a key for one payment, and the shop gives it on as it came. To the shop's
 * own simulator people say `anything`, and say it again for the next order: there each payment has a key of its own, which begins
 * like theirs, for by that it is told what becomes of it.
 * @param unique what tells this payment from all others
 */
export function ownKey({ kind }: Pick<GatewaySettings, "kind">, paymentKey: string, unique: string): string {
  return kind === "simulated" ? `${paymentKey.slice(0, LONGEST_KEY - 1 - unique.length)}.${unique}` : paymentKey;
}
