// Money that went back at the gateway without the shop, by hand in its dashboard. A payment that was cancelled as a whole is booked: its
// order is refunded. A part, or a charge, which a balance may have spent, waits for a person.

import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { type Gateway, GatewayBusy, type GatewayPayment, GatewayUnknown } from "../gateway/gateway.ts";
import type { OrderCache } from "../order/order-cache.ts";
import type { Till } from "../till/till.ts";
import { bookGatewayCancel } from "./book-refund.ts";
import { type CancelClaim, selectCancelClaims, selectFailedByKeys, upsertGatewayCancel } from "./gateway-cancels.sql.ts";

export type GatewayCancelsParts = {
  database: Database;
  till: Till;
  orderCache: OrderCache;
  background: Gateway;
  now: Now;
  /** Settles a refund of the shop that is in progress. */
  settleRefund(id: string): Promise<unknown>;
  /** Looks up an attempt that has failed, whose money goes back if the gateway holds any. */
  lookUpFailed(kind: "payment" | "charge", id: string): Promise<unknown>;
};

/** The ledger is read from a little before its last reading on, because a movement may appear late. */
const OVERLAP_MS = 600_000;
const FIRST_READING_MS = 86_400_000;
const CLOCK_SKEW_MS = 60_000;
/** Movements that are remembered, so that the overlap is not looked up again. */
const MOST_SEEN = 100_000;
const PAGE_SIZE = 500;

export class GatewayCancels {
  readonly #parts: GatewayCancelsParts;
  readonly #book;
  #readUntil: number | undefined;
  #seen = new Set<string>();

  constructor(parts: GatewayCancelsParts) {
    this.#parts = parts;
    this.#book = bookGatewayCancel(parts.orderCache);
  }

  /** Books the amounts that have gone back of the paid payments and charges with this key. Errors: GatewayUnknown, GatewayBusy. */
  async check(paymentKey: string): Promise<void> {
    const { background, settleRefund } = this.#parts;
    const before = await this.#claims(paymentKey);
    if (before.length === 0) return;
    for (const id of before.flatMap(({ openRefunds }) => openRefunds)) await settleRefund(id);
    const payment = await background.find(paymentKey);
    // Read after the look-up: a refund of the shop that the look-up has seen is stored by now, done or in progress.
    if (payment) for (const claim of await this.#claims(paymentKey)) await this.#bookClaim(claim, payment);
  }

  /**
   * Reads the gateway's ledger since the last reading. Checks each payment of which money has gone back, and each attempt that has failed
   * although its money came: a deposit can come late, and its notification can be lost.
   */
  async scan(): Promise<void> {
    const { background, now } = this.#parts;
    const startedAt = now();
    const from = this.#readUntil === undefined ? startedAt - FIRST_READING_MS : this.#readUntil - OVERLAP_MS;
    try {
      const keys = new Set<string>();
      const came = new Set<string>();
      const seen: string[] = [];
      for await (const { transactionKey, paymentKey, status } of background.transactions(from, startedAt + CLOCK_SKEW_MS)) {
        if (this.#seen.has(transactionKey)) continue;
        if (status === "DONE") came.add(paymentKey);
        else if (status === "CANCELED" || status === "PARTIAL_CANCELED") keys.add(paymentKey);
        else continue;
        seen.push(transactionKey);
      }
      for (const key of keys) await this.check(key);
      await this.#lookUpFailed([...came]);
      if (this.#seen.size > MOST_SEEN) this.#seen = new Set();
      for (const key of seen) this.#seen.add(key);
      this.#readUntil = startedAt;
    } catch (error) {
      // The next run reads the same part again.
      if (!(error instanceof GatewayUnknown || error instanceof GatewayBusy)) throw error;
    }
  }

  async #lookUpFailed(paymentKeys: string[]): Promise<void> {
    const { database, lookUpFailed } = this.#parts;
    for (let i = 0; i < paymentKeys.length; i += PAGE_SIZE) {
      const failed = await database.rows<{ id: string; kind: "payment" | "charge" }>(selectFailedByKeys(paymentKeys.slice(i, i + PAGE_SIZE)));
      for (const { id, kind } of failed) await lookUpFailed(kind, id);
    }
  }

  #claims(paymentKey: string): Promise<CancelClaim[]> {
    return this.#parts.database.rows<CancelClaim>(selectCancelClaims(paymentKey));
  }

  async #bookClaim(claim: CancelClaim, payment: GatewayPayment): Promise<void> {
    const { database, till, background, now } = this.#parts;
    if (payment.orderId !== claim.gatewayOrderId || payment.currency !== background.currency || payment.amount !== claim.amount) return;
    if (payment.status !== "CANCELED" && payment.status !== "PARTIAL_CANCELED") return;
    const own = payment.cancels.filter(({ reason }) => claim.openRefunds.some((id) => reason.endsWith(`[${id}]`)));
    const foreign = payment.amount - payment.left - claim.givenBack - own.reduce((sum, { amount }) => sum + amount, 0);
    if (foreign <= 0) return;
    if (claim.kind === "payment" && claim.orderId !== null && payment.left === 0 && claim.openRefunds.length === 0)
      await till.finish(this.#book, { orderId: claim.orderId, paymentId: claim.id });
    else await database.rows(upsertGatewayCancel(claim, payment.paymentKey, foreign, now()));
  }
}
