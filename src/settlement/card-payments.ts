// Payments and refunds by card, from the attempt that stands in the database to its end. No transaction is open while the gateway is asked.

import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { type SettlementSettings, type Failpoint, retryDelayMs, WATCHED_MS, type SettlementSource } from "./settlement-worker.ts";
import { type Gateway, GatewayBusy, GatewayUnknown } from "../gateway/gateway.ts";
import { refundAtGateway } from "./gateway-refund.ts";
import { insertUnmatchedCapture } from "./unmatched-capture.sql.ts";
import { capture, heldFor, inquire } from "./capture-outcome.ts";
import type { OrderCache } from "../order/order-cache.ts";
import {
  type PaymentRecord,
  paymentRecordOf,
  selectPayment,
  selectPaymentsByKey,
  selectPaymentsToAsk,
  updateWatch,
} from "../order/payment/payment.sql.ts";
import { type RefundRow, selectRefund, selectRefundsToAsk } from "../order/refund/refund.sql.ts";
import { settleRefund } from "./settle-refund.ts";
import type { Till } from "../till/till.ts";
import { isOpen, settlePayment } from "./settle-payment.ts";

export type CardPaymentsOptions = {
  database: Database;
  till: Till;
  gateway: Gateway;
  orderCache: OrderCache;
  settings: SettlementSettings;
  now: Now;
  /** Called where a process may die between two steps; only tests give one. */
  failpoint?: (point: Failpoint) => void | Promise<void>;
};

export class CardPayments {
  readonly #options: Required<CardPaymentsOptions>;
  readonly #settle;
  readonly #settleRefund;
  /** What is being brought to its end here, so that nobody in this process does it beside another. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(options: CardPaymentsOptions) {
    this.#options = { failpoint: () => {}, ...options };
    this.#settle = settlePayment(options.orderCache);
    this.#settleRefund = settleRefund(options.orderCache);
  }

  /**
   * Brings a payment as far as the gateway lets it, and answers how it stands then.
   * @param first by whoever has just begun it: nobody can have called the gateway before
   */
  pay(id: string, first = false): Promise<PaymentRecord> {
    return this.#once(id, () => this.#pay(id, first));
  }

  /** Brings a refund as far as the gateway lets it, and answers how it stands then. */
  refund(id: string, first = false): Promise<RefundRow> {
    return this.#once(id, () => this.#refund(id, first));
  }

  /** Everything of this kind that may be due. */
  get sources(): SettlementSource[] {
    return [
      { due: selectPaymentsToAsk, settle: async (id) => !isOpen(await this.pay(id)) },
      { due: selectRefundsToAsk, settle: async (id) => (await this.refund(id)).status !== "PENDING" },
    ];
  }

  /** What there is to look at when somebody says that this payment has changed. */
  async attemptsOf(paymentKey: string): Promise<(() => Promise<unknown>)[]> {
    const rows = await this.#options.database.rows<{ id: string }>(selectPaymentsByKey(paymentKey));
    return rows.map(
      ({ id }) =>
        () =>
          this.pay(id),
    );
  }

  async #pay(id: string, first: boolean): Promise<PaymentRecord> {
    const { till, gateway, settings, failpoint } = this.#options;
    const payment = await this.#find(id);
    if (payment.status === "FAILED") return this.#watch(payment);
    if (!isOpen(payment) || !payment.card) return payment;
    const wanted = { paymentKey: payment.card.paymentKey, orderId: payment.orderId, amount: payment.amount, idempotencyKey: id };
    await failpoint("payment begun");
    const now = this.#options.now();
    // Nobody expects that an order whose time is up is still paid: then it is only found out whether it was.
    const mayConfirm = payment.expiresAt === null || now < payment.expiresAt;
    const mayGiveUp = now >= payment.createdAt + settings.giveUpAfterMs;
    const outcome = first ? await capture(gateway, wanted) : await inquire(gateway, wanted, { mayConfirm, mayGiveUp });
    await failpoint("payment answered");
    // What has just failed unheard is looked at again soon: money that comes late mostly comes a little late.
    const askAgainMs = retryDelayMs(outcome.kind === "unknown" ? payment.card.asked : 0, settings);
    await till.finish(this.#settle, { orderId: payment.orderId, paymentId: id, outcome, askAgainMs });
    return this.#find(id);
  }

  /** A payment that failed must not have been captured. If it was all the same, the money goes back. */
  async #watch(payment: PaymentRecord): Promise<PaymentRecord> {
    const { database, gateway, settings } = this.#options;
    if (!payment.card) return payment;
    const { paymentKey, asked } = payment.card;
    const now = this.#options.now();
    try {
      const held = heldFor(await gateway.find(paymentKey), payment.orderId, gateway.currency);
      if (held) await database.rows(insertUnmatchedCapture({ id: payment.id, paymentKey, ...held, createdAt: now }));
      const watched = !held && payment.card.askAt !== null && now < payment.createdAt + WATCHED_MS;
      await database.rows(updateWatch(payment.id, watched ? now + retryDelayMs(asked, settings) : null, asked + 1));
    } catch (error) {
      if (!(error instanceof GatewayUnknown || error instanceof GatewayBusy)) throw error;
      await database.rows(updateWatch(payment.id, now + retryDelayMs(asked, settings), asked + 1));
    }
    return payment;
  }

  async #refund(id: string, first: boolean): Promise<RefundRow> {
    const { till, gateway, settings, failpoint } = this.#options;
    const refund = await this.#findRefund(id);
    if (refund.status !== "PENDING") return refund;
    await failpoint("refund begun");
    const outcome = await refundAtGateway(gateway, refund, !first);
    await failpoint("refund answered");
    await till.finish(this.#settleRefund, { orderId: refund.orderId, refundId: id, outcome, askAgainMs: retryDelayMs(refund.asked, settings) });
    return this.#findRefund(id);
  }

  async #find(id: string): Promise<PaymentRecord> {
    const [row] = await this.#options.database.rows<Record<string, unknown>>(selectPayment(id));
    if (row === undefined) throw new Error(`there is no payment ${id}`);
    return paymentRecordOf(row);
  }

  async #findRefund(id: string): Promise<RefundRow> {
    const [row] = await this.#options.database.rows<RefundRow>(selectRefund(id));
    if (row === undefined) throw new Error(`there is no refund ${id}`);
    return row;
  }

  #once<T>(id: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(id) as Promise<T> | undefined;
    if (running) return running;
    const started = work().finally(() => this.#running.delete(id));
    this.#running.set(id, started);
    return started;
  }
}
