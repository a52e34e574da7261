// Closes a virtual account to which the buyer no longer has to pay.

import type { Gateway, GatewayPayment } from "../gateway/gateway.ts";
import { askGateway } from "./ask-gateway.ts";
import { type Capture, interpret } from "./capture.ts";
import type { GatewayOutcome, LookedUp } from "./outcome.ts";

/**
 * Closes the account, unless the deposit has come before. `failed`: no deposit can come any more; `done`: it has come. Never throws for a
 * gateway error.
 */
export async function closeAccount(gateway: Gateway, wanted: Capture): Promise<GatewayOutcome> {
  const { id, paymentKey, keyNumber } = wanted;
  const stateOf = (payment: GatewayPayment | undefined): LookedUp => {
    const state = interpret(payment, wanted, gateway.currency);
    return state.kind === "unknown" && state.deposit ? { kind: "open", reason: state.reason } : state;
  };
  const outcome = await askGateway({
    id: `${id}_close`,
    keyNumber,
    first: false,
    maySend: true,
    // Without an account for the money the gateway refuses to cancel a payment whose deposit has come.
    send: (idempotencyKey) => gateway.cancel({ paymentKey, amount: null, reason: `the order was cancelled [${id}]`, idempotencyKey }),
    interpret: ({ payment }) => stateOf(payment),
    lookUp: async () => stateOf(await gateway.find(paymentKey)),
    isFinal: () => false,
  });
  if (outcome.kind === "open" || (outcome.kind === "failed" && !outcome.confirmed))
    return { kind: "unknown", reason: outcome.reason, closingRefused: true };
  return outcome;
}
