// A shop that takes no cards. Attempts from a time when a gateway was configured stay open until one is configured again: no other
// source knows their outcome.

import { refuse } from "../refusal.ts";
import { type Gateway, type GatewayTransaction, GatewayUnknown } from "./gateway.ts";

export class NoGateway implements Gateway {
  readonly currency: string;

  constructor(currency: string) {
    this.currency = currency;
  }

  confirm(): Promise<never> {
    return unknown();
  }

  cancel(): Promise<never> {
    return unknown();
  }

  find(): Promise<never> {
    return unknown();
  }

  /** Errors: PAYMENT_METHOD_UNAVAILABLE, because there is no ledger to read. */
  transactions(): AsyncIterable<GatewayTransaction> {
    refuse("PAYMENT_METHOD_UNAVAILABLE", { method: "CARD" });
  }

  admit<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }
}

function unknown(): Promise<never> {
  return Promise.reject(new GatewayUnknown("NO_GATEWAY", { gatewayFailed: false }));
}
