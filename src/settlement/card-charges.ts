// Charges by card, from the PENDING transaction to its end. No transaction is open while the gateway is asked.

import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import type { SettlementSettings } from "../config.ts";
import { type Failpoint, retryDelayMs, WATCHED_MS, type SettlementSource } from "./settlement-worker.ts";
import { type Gateway, GatewayBusy, GatewayUnknown } from "../gateway/gateway.ts";
import { insertUnmatchedCapture } from "./unmatched-capture.sql.ts";
import { capture, heldFor, inquire } from "./capture-outcome.ts";
import type { Till } from "../till/till.ts";
import { type CardCharge, selectCharge, selectChargesByKey, selectChargesToAsk, updateChargeWatch } from "../balance/card-charge.sql.ts";
import { settleCharge } from "./settle-charge.ts";

export type CardChargesOptions = {
  database: Database;
  till: Till;
  gateway: Gateway;
  settings: SettlementSettings;
  now: Now;
  balanceMax: number;
  /** Called where a process may die between two steps; only tests give one. */
  failpoint?: (point: Failpoint) => void | Promise<void>;
};

export class CardCharges {
  readonly #options: Required<CardChargesOptions>;
  readonly #running = new Map<string, Promise<CardCharge>>();

  constructor(options: CardChargesOptions) {
    this.#options = { failpoint: () => {}, ...options };
  }

  /** Brings a charge as far as the gateway lets it, and answers how it stands then. @param first by whoever has just begun it */
  charge(id: string, first = false): Promise<CardCharge> {
    const running = this.#running.get(id);
    if (running) return running;
    const started = this.#charge(id, first).finally(() => this.#running.delete(id));
    this.#running.set(id, started);
    return started;
  }

  get source(): SettlementSource {
    return { due: selectChargesToAsk, settle: async (id) => (await this.charge(id)).status !== "PENDING" };
  }

  async attemptsOf(paymentKey: string): Promise<(() => Promise<unknown>)[]> {
    const rows = await this.#options.database.rows<{ id: string }>(selectChargesByKey(paymentKey));
    return rows.map(
      ({ id }) =>
        () =>
          this.charge(id),
    );
  }

  async #charge(id: string, first: boolean): Promise<CardCharge> {
    const { till, gateway, settings, balanceMax, failpoint } = this.#options;
    const charge = await this.#find(id);
    if (charge.status === "FAILED") return this.#watch(charge);
    if (charge.status !== "PENDING") return charge;
    const { userId, paymentKey, amount, createdAt } = charge;
    const wanted = { paymentKey, orderId: id, amount, idempotencyKey: id };
    await failpoint("charge begun");
    const age = this.#options.now() - createdAt;
    // What was confirmed at the last moment has as long again to be heard of.
    const terms = { mayConfirm: age < settings.giveUpAfterMs, mayGiveUp: age >= 2 * settings.giveUpAfterMs };
    const outcome = first ? await capture(gateway, wanted) : await inquire(gateway, wanted, terms);
    await failpoint("charge answered");
    const askAgainMs = retryDelayMs(outcome.kind === "unknown" ? charge.asked : 0, settings);
    await till.finish(settleCharge, { userId, chargeId: id, outcome: outcome, askAgainMs, balanceMax });
    return this.#find(id);
  }

  /** A charge that failed must not have been captured. If it was all the same, the money goes back. */
  async #watch(charge: CardCharge): Promise<CardCharge> {
    const { database, gateway, settings } = this.#options;
    const { id, paymentKey, asked, createdAt } = charge;
    const now = this.#options.now();
    let askAt: number | null = now + retryDelayMs(asked, settings);
    try {
      const held = heldFor(await gateway.find(paymentKey), id, gateway.currency);
      if (held) await database.rows(insertUnmatchedCapture({ id, paymentKey, ...held, createdAt: now }));
      if (held || charge.askAt === null || now >= createdAt + WATCHED_MS) askAt = null;
    } catch (error) {
      if (!(error instanceof GatewayUnknown || error instanceof GatewayBusy)) throw error;
    }
    await database.rows(updateChargeWatch(id, askAt, asked + 1));
    return charge;
  }

  async #find(id: string): Promise<CardCharge> {
    const [row] = await this.#options.database.rows<CardCharge>(selectCharge(id));
    if (row === undefined) throw new Error(`there is no charge ${id}`);
    return row;
  }
}
