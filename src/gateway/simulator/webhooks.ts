// The simulator's webhooks: unsigned like the real ones, and sent up to seven times until the receiver accepts them.

import { exponentialMs } from "../../backoff.ts";
import type { LedgerPayment } from "./ledger-payment.ts";
import { paymentJson, seoulTime } from "./payment-json.ts";

const TRIES = 7;
const FIRST_PAUSE_MS = 100;
const TIMEOUT_MS = 5000;

export class Webhooks {
  /** The receiver; undefined: none are sent. */
  url: string | undefined;
  readonly #currency: string;
  readonly #closing = new AbortController();

  constructor(currency: string) {
    this.#currency = currency;
  }

  send(payment: LedgerPayment, status: LedgerPayment["status"] = payment.status): Promise<void> {
    return this.#send({
      eventType: "PAYMENT_STATUS_CHANGED",
      createdAt: seoulTime(Date.now()).slice(0, 26),
      data: { ...paymentJson(payment, this.#currency), status },
    });
  }

  /** DEPOSIT_CALLBACK: it has no type, and names the order only. */
  sendDeposit({ orderId, status, transactionKey }: LedgerPayment): Promise<void> {
    return this.#send({ createdAt: seoulTime(Date.now()).slice(0, 26), secret: "ps_simulated", status, transactionKey, orderId });
  }

  async #send(event: Record<string, unknown>): Promise<void> {
    const body = JSON.stringify(event);
    for (let tries = 0; tries < TRIES && this.url !== undefined && !this.#closing.signal.aborted; tries++) {
      if (await this.#deliver(this.url, body)) return;
      await new Promise<void>((resolve) => setTimeout(resolve, exponentialMs(FIRST_PAUSE_MS, Number.POSITIVE_INFINITY, tries)).unref());
    }
  }

  close(): void {
    this.#closing.abort();
  }

  async #deliver(url: string, body: string): Promise<boolean> {
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body, signal });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }
}
