// A shop that takes no cards. Payments that a gateway took before, when one was configured, wait until it is configured again: nothing else
// can say what became of them.

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

  /** Errors: PAYMENT_METHOD_UNAVAILABLE: there is no book to read. */
  transactions(): AsyncIterable<GatewayTransaction> {
    refuse("PAYMENT_METHOD_UNAVAILABLE", { method: "CARD" });
  }

  admit<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  stop(): void {}
}

function unknown(): Promise<never> {
  return Promise.reject(new GatewayUnknown("NO_GATEWAY", { trouble: false }));
}
