// Money that went back at the gateway without the shop, by hand in its dashboard. A payment that was cancelled as a whole is booked: its
// order is refunded. A part, or a charge, which a balance may have spent, waits for a person.

import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import type { Gateway, GatewayPayment } from "../gateway/gateway.ts";
import type { OrderCache } from "../order/order-cache.ts";
import type { Till } from "../till/till.ts";
import { bookGatewayCancel } from "./book-refund.ts";
import {
  type CancelClaim,
  deleteReversedDeposit,
  insertReversedDeposit,
  selectCancelClaims,
  selectFailedByKeys,
  upsertGatewayCancel,
} from "./gateway-cancels.sql.ts";
import { Lanes } from "./lanes.ts";
import { ignoreGatewayError } from "./outcome.ts";

export type GatewayCancelsParts = {
  database: Database;
  till: Till;
  orderCache: OrderCache;
  background: Gateway;
  now: Now;
  settlers: Record<"payments" | "charges" | "refunds", { settleDue(id: string): Promise<unknown> }>;
};

/** The ledger is read from a little before its last reading on, because a movement may appear late. */
const OVERLAP_MS = 600_000;
const FIRST_READING_MS = 86_400_000;
const CLOCK_SKEW_MS = 60_000;
/** Movements that are remembered, so that the overlap is not looked up again. */
const MOST_SEEN = 100_000;
const PAGE_SIZE = 500;
const OF_A_SCAN = { lanes: 8, yieldAfterMs: 250, mostYielded: 256 };

export class GatewayCancels {
  readonly #parts: GatewayCancelsParts;
  readonly #book;
  readonly #lanes = new Lanes(OF_A_SCAN);
  #readUntil: number | undefined;
  #seen = new Set<string>();
  /** Payment keys that could not be looked up. They are looked up again, and hold up no other. */
  readonly #unchecked = new Set<string>();

  constructor(parts: GatewayCancelsParts) {
    this.#parts = parts;
    this.#book = bookGatewayCancel(parts.orderCache);
  }

  /** Books the amounts that have gone back of the paid payments and charges with this key. Errors: GatewayUnknown, GatewayBusy. */
  async check(paymentKey: string): Promise<void> {
    const { background, settlers } = this.#parts;
    const before = await this.#claims(paymentKey);
    if (before.length === 0) return;
    for (const id of before.flatMap(({ openRefunds }) => openRefunds)) await settlers.refunds.settleDue(id);
    const payment = await background.find(paymentKey);
    // Read after the look-up: a refund of the shop that the look-up has seen is stored by now, done or in progress.
    if (!payment) return;
    for (const claim of await this.#claims(paymentKey)) {
      // The shop had its money before the look-up.
      if (before.some(({ id }) => id === claim.id)) await this.#noteReversal(claim, payment);
      await this.#bookClaim(claim, payment);
    }
  }

  /**
   * Reads the gateway's ledger since the last reading. Checks each payment of which money has gone back, and each attempt that has failed
   * although its money came: a deposit can come late, and its notification can be lost.
   */
  async scan(): Promise<void> {
    const { background, now } = this.#parts;
    const startedAt = now();
    const from = this.#readUntil === undefined ? startedAt - FIRST_READING_MS : this.#readUntil - OVERLAP_MS;
    const came = new Set<string>();
    const seen: string[] = [];
    try {
      for await (const { transactionKey, paymentKey, status } of background.transactions(from, startedAt + CLOCK_SKEW_MS)) {
        if (this.#seen.has(transactionKey)) continue;
        if (status === "DONE") came.add(paymentKey);
        else if (status === "CANCELED" || status === "PARTIAL_CANCELED" || status === "WAITING_FOR_DEPOSIT") this.#unchecked.add(paymentKey);
        else continue;
        seen.push(transactionKey);
      }
    } catch (error) {
      // The next run reads the same part again.
      return ignoreGatewayError(error);
    }
    await this.#lookUpFailed([...came]);
    if (this.#seen.size > MOST_SEEN) this.#seen = new Set();
    for (const key of seen) this.#seen.add(key);
    this.#readUntil = startedAt;
    await this.#each([...this.#unchecked], async (key) => {
      await this.check(key);
      this.#unchecked.delete(key);
    });
  }

  async #lookUpFailed(paymentKeys: string[]): Promise<void> {
    const { database, settlers } = this.#parts;
    for (let i = 0; i < paymentKeys.length; i += PAGE_SIZE) {
      const failed = await database.rows<{ id: string; kind: "payments" | "charges" }>(selectFailedByKeys(paymentKeys.slice(i, i + PAGE_SIZE)));
      await this.#each(failed, ({ id, kind }) => settlers[kind].settleDue(id));
    }
  }

  /** Errors: the first one that is not the gateway's, after all items were tried. */
  async #each<T>(items: T[], look: (item: T) => Promise<unknown>): Promise<void> {
    const outcomes = await Promise.allSettled(items.map((item) => this.#lanes.run(() => look(item).catch(ignoreGatewayError))));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  #claims(paymentKey: string): Promise<CancelClaim[]> {
    return this.#parts.database.rows<CancelClaim>(selectCancelClaims(paymentKey));
  }

  /** A bank takes a deposit back if the transfer was faulty. The buyer may pay again until the due date. */
  async #noteReversal(claim: CancelClaim, { orderId, paymentKey, status, details }: GatewayPayment): Promise<void> {
    const { database, now } = this.#parts;
    if (details?.method !== "VIRTUAL_ACCOUNT" || orderId !== claim.gatewayOrderId) return;
    if (status === "DONE") await database.rows(deleteReversedDeposit(claim.id));
    if (status === "WAITING_FOR_DEPOSIT" || status === "EXPIRED") await database.rows(insertReversedDeposit(claim, paymentKey, now()));
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
