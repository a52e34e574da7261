// The background side of settlement: settles attempts that are due, and attempts that a webhook names.

import { concurrently } from "../concurrently.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";
import { selectKeysByGatewayOrder } from "./attempts.sql.ts";

/** One kind of attempt as the worker sees it. */
export type SettlementSource = {
  /** Ids of attempts that are due. @param everyUnknown also those with an unknown outcome that are not due yet */
  due(now: number, everyUnknown: boolean, limit: number): Statement;
  /** Ids of attempts with this payment key that may still change. */
  byKey?: (paymentKey: string) => Statement;
  /** Returns whether the outcome is known. */
  settle(id: string): Promise<boolean>;
};

export type SettlementWorkerOptions = {
  database: Database;
  sources: SettlementSource[];
  /** Books money that went back at the gateway without the shop. */
  cancels?: { check(paymentKey: string): Promise<void>; scan(): Promise<void> };
  now: Now;
  /** Called when a run in the background fails; the next run tries again. */
  onError: (error: unknown) => void;
};

const CONCURRENCY = 8;
const MOST_PER_RUN = 500;
/** Webhook notifications and timers that may wait. More are dropped: the job settles those attempts within a minute. */
const MOST_WAITING = 256;

export class SettlementWorker {
  readonly #options: SettlementWorkerOptions;
  readonly #notified = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Work of the background in several lanes: a look-up that hangs holds up one lane, not every buyer's webhook. */
  readonly #lanes: Promise<unknown>[] = Array.from({ length: CONCURRENCY }, () => Promise.resolve());
  #lane = 0;
  #stopped = false;

  constructor(options: SettlementWorkerOptions) {
    this.#options = options;
  }

  /**
   * Settles attempts that are due. One that throws does not keep the others from being settled.
   * Errors: the first one, after all other attempts were tried.
   * @param everyUnknown also attempts with an unknown outcome that are not due yet
   */
  async run(everyUnknown = true): Promise<{ settled: number; unknown: number }> {
    const { database, sources, cancels, now } = this.#options;
    const startedAt = now();
    const result = { settled: 0, unknown: 0 };
    const errors: unknown[] = [];
    // All kinds at once, so that many slow payments do not hold up refunds.
    await Promise.all(
      sources.map(async ({ due, settle }) => {
        await concurrently(await database.rows<{ id: string }>(due(startedAt, everyUnknown, MOST_PER_RUN)), CONCURRENCY, async ({ id }) => {
          if (this.#stopped) return;
          try {
            result[(await settle(id)) ? "settled" : "unknown"]++;
          } catch (error) {
            errors.push(error);
          }
        });
      }),
    );
    if (everyUnknown && !this.#stopped) await cancels?.scan().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw errors[0];
    return result;
  }

  /** Settles attempts that are due `ms` from now, without waiting for the job's next run. */
  runIn(ms: number): void {
    if (this.#stopped || this.#timers.size >= MOST_WAITING) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#enqueue(() => this.run(false));
    }, ms).unref();
    this.#timers.add(timer);
  }

  /** Handles a webhook notification that a payment has changed. It is unsigned, so the gateway is asked. */
  notify(paymentKey: string): void {
    if (this.#stopped || this.#notified.size >= MOST_WAITING || this.#notified.has(paymentKey)) return;
    this.#notified.add(paymentKey);
    this.#enqueue(async () => {
      this.#notified.delete(paymentKey);
      const { sources, database, cancels } = this.#options;
      for (const { byKey, settle } of sources) {
        if (!byKey) continue;
        for (const { id } of await database.rows<{ id: string }>(byKey(paymentKey))) await settle(id);
      }
      await cancels?.check(paymentKey);
    });
  }

  /** Handles a notification of a deposit, which names only the order at the gateway. */
  notifyDeposit(gatewayOrderId: string): void {
    const id = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:_\d{1,6})?$/i.exec(gatewayOrderId)?.[1];
    if (id === undefined || this.#stopped || this.#notified.size >= MOST_WAITING) return;
    this.#enqueue(async () => {
      for (const { key } of await this.#options.database.rows<{ key: string }>(selectKeysByGatewayOrder(id))) this.notify(key);
    });
  }

  /** Starts nothing more. Resolves when the running work has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.idle();
  }

  /** Resolves when all work of the background that was enqueued so far has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#lanes);
  }

  #enqueue(work: () => Promise<unknown>): void {
    const lane = this.#lane++ % CONCURRENCY;
    this.#lanes[lane] = (this.#lanes[lane] ?? Promise.resolve()).then(() => (this.#stopped ? undefined : work())).catch(this.#options.onError);
  }
}
