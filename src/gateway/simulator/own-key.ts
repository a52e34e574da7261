import type { GatewaySettings } from "../../config.ts";

/** Longest payment key that a gateway takes. */
const LONGEST_KEY = 200;

/**
 * The key under which the gateway knows a payment. A real gateway issues a key for one payment, and the shop passes it on. With the shop's
 * own simulator people reuse any key for the next order, so each payment gets a unique one with the same beginning: the beginning is the
 * script by which the simulator behaves.
 * @param unique an id of this payment
 */
export function ownKey({ kind }: Pick<GatewaySettings, "kind">, paymentKey: string, unique: string): string {
  return kind === "simulated" ? `${paymentKey.slice(0, LONGEST_KEY - 1 - unique.length)}.${unique}` : paymentKey;
}
