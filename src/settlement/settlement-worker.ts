// The background side of settlement: settles attempts that are due, and attempts that a webhook names.

import { BatchedRead } from "../database/batched-read.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";
import { makeDue, selectKeysByGatewayOrder } from "./attempts.sql.ts";
import { Lanes } from "./lanes.ts";

/** One kind of attempt as the worker sees it. */
export type SettlementSource = {
  /** Ids of attempts that are due. @param everyUnknown also those with an unknown outcome that are not due yet */
  due(now: number, everyUnknown: boolean, limit: number): Statement;
  /** Ids of attempts with this payment key that may still change; undefined for a kind of which no webhook tells. */
  byKey(paymentKey: string): Statement | undefined;
  /** Returns whether the outcome is known. @param afresh by a look-up that begins after this call */
  settleDue(id: string, afresh: boolean): Promise<boolean>;
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

const MOST_PER_RUN = 500;
/** The lanes of each kind of attempt in a run, so that many slow payments do not hold up refunds. */
const OF_A_RUN = { lanes: 8, yieldAfterMs: 250, mostYielded: 256 };
/** Notifications have lanes of their own, which no run takes: a look-up that hangs delays no other buyer's. */
const OF_NOTIFICATIONS = { lanes: 32, yieldAfterMs: 250, mostYielded: 256 };
/** Notifications that may wait. More are dropped: their attempts are due, and the job settles them within a minute. */
const MOST_WAITING = 10_000;
/** Each timer's run settles all that is due by then, so more timers settle no more. */
const MOST_TIMERS = 256;

export class SettlementWorker {
  readonly #options: SettlementWorkerOptions;
  readonly #kinds: { source: SettlementSource; lanes: Lanes; settling: Map<string, Promise<boolean>> }[];
  readonly #notifications = new Lanes(OF_NOTIFICATIONS);
  readonly #recorded: BatchedRead<null>;
  /** Payment keys whose look-up has not begun, and the latest look-up of each key. */
  readonly #waiting = new Set<string>();
  readonly #latest = new Map<string, Promise<unknown>>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(options: SettlementWorkerOptions) {
    this.#options = options;
    this.#kinds = options.sources.map((source) => ({ source, lanes: new Lanes(OF_A_RUN), settling: new Map() }));
    this.#recorded = new BatchedRead(async (keys) => {
      await options.database.rows(makeDue(keys, options.now()));
      return new Map<string, null>();
    });
  }

  /**
   * Settles attempts that are due. One that throws does not keep the others from being settled.
   * Errors: the first one, after all other attempts were tried.
   * @param everyUnknown also attempts with an unknown outcome that are not due yet
   */
  async run(everyUnknown = true): Promise<{ settled: number; unknown: number }> {
    const { database, cancels, now } = this.#options;
    const startedAt = now();
    const result = { settled: 0, unknown: 0 };
    const errors: unknown[] = [];
    await Promise.all(
      this.#kinds.map(async ({ source, lanes, settling }) => {
        const due = await database.rows<{ id: string }>(source.due(startedAt, everyUnknown, MOST_PER_RUN));
        const settle = async ({ id }: { id: string }): Promise<void> => {
          // An attempt that another run is settling takes no second lane.
          const running = settling.get(id) ?? lanes.run(async () => !this.#stopped && source.settleDue(id, false)).finally(() => settling.delete(id));
          settling.set(id, running);
          result[(await running) ? "settled" : "unknown"]++;
        };
        await Promise.all(due.map((row) => settle(row).catch((error: unknown) => errors.push(error))));
      }),
    );
    if (everyUnknown && !this.#stopped) await cancels?.scan().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw errors[0];
    return result;
  }

  /** Settles attempts that are due `ms` from now, without waiting for the job's next run. */
  runIn(ms: number): void {
    if (this.#stopped || this.#timers.size >= MOST_TIMERS) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#inBackground(() => this.run(false));
    }, ms).unref();
    this.#timers.add(timer);
  }

  /**
   * Handles a webhook notification that a payment has changed. It is unsigned, so the gateway is asked. When this resolves the attempt is
   * due, so a process that dies before its look-up loses no notification. Errors: UNAVAILABLE; the gateway then repeats the notification.
   */
  async notify(paymentKey: string): Promise<void> {
    await this.#recorded.get(paymentKey);
    if (this.#waiting.has(paymentKey) || this.#waiting.size >= MOST_WAITING) return;
    this.#waiting.add(paymentKey);
    // One look-up of a key at a time, so a payment that hangs takes one lane, however often the gateway tells of it.
    const earlier = this.#latest.get(paymentKey);
    const work = this.#inBackground(async () => {
      await earlier;
      await this.#notifications.run(() => this.#lookUp(paymentKey));
    });
    this.#latest.set(paymentKey, work);
    void work.then(() => {
      if (this.#latest.get(paymentKey) === work) this.#latest.delete(paymentKey);
    });
  }

  /** Handles a notification of a deposit, which names only the order at the gateway. Errors: UNAVAILABLE. */
  async notifyDeposit(gatewayOrderId: string): Promise<void> {
    const id = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:_\d{1,6})?$/i.exec(gatewayOrderId)?.[1];
    if (id === undefined) return;
    const keys = await this.#options.database.rows<{ key: string }>(selectKeysByGatewayOrder(id));
    await Promise.all(keys.map(({ key }) => this.notify(key)));
  }

  /** Starts nothing more. Resolves when the running work has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.idle();
  }

  /** Resolves when all work of the background that was started so far has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #lookUp(paymentKey: string): Promise<void> {
    this.#waiting.delete(paymentKey);
    if (this.#stopped) return;
    const { database, sources, cancels } = this.#options;
    for (const source of sources) {
      const select = source.byKey(paymentKey);
      if (select) for (const { id } of await database.rows<{ id: string }>(select)) await source.settleDue(id, true);
    }
    await cancels?.check(paymentKey);
  }

  #inBackground(work: () => Promise<unknown>): Promise<void> {
    const { onError } = this.#options;
    const running = Promise.resolve()
      .then(() => (this.#stopped ? undefined : work()))
      .then(() => {}, onError)
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }
}
