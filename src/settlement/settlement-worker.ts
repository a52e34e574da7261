// What payments, refunds and charges by card have in common: an attempt stands in the database, and whoever comes by brings it to its end.

import { exponentialMs } from "../backoff.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { type Statement } from "../database/statement.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { refundAtGateway } from "./gateway-refund.ts";
import { CURRENCY_MISMATCH } from "./capture-outcome.ts";
import {
  selectUnmatchedCapture,
  selectUnmatchedCapturesToSettle,
  type UnmatchedCaptureRow,
  updateUnmatchedCapture,
} from "./unmatched-capture.sql.ts";

/** Places where a test lets the process die. */
export type Failpoint = "payment begun" | "payment answered" | "refund begun" | "refund answered" | "charge begun" | "charge answered";

export type SettlementSettings = {
  /** How long an attempt is left to whoever began it, and the first pause before the gateway is asked again. */
  settleAfterMs: number;
  /** For how long a charge that nobody has confirmed may still be confirmed, and after how long what was never confirmed counts as failed. */
  giveUpAfterMs: number;
};

const LONGEST_PAUSE_MS = 300_000;
/** For how long something that failed without a word from the gateway is looked at again. */
export const WATCHED_MS = 86_400_000;

/** The pause before the gateway is asked again: twice as long each time, up to five minutes. */
export function retryDelayMs(asked: number, { settleAfterMs }: SettlementSettings): number {
  return exponentialMs(settleAfterMs, LONGEST_PAUSE_MS, asked);
}

/** One kind of attempt: which are due, and how one of them is brought to its end. `bring` answers whether it is over. */
export type SettlementSource = { due(now: number, everyUnknown: boolean, limit: number): Statement; settle(id: string): Promise<boolean> };

const AT_ONCE = 8;
const PER_RUN = 500;
const HINTS_MAX = 256;

/** The gateway's side of the shop: works off what is due, and what it is told of. */
export class SettlementWorker {
  readonly #database: Database;
  readonly #works: SettlementSource[];
  readonly #hintsOf: (paymentKey: string) => Promise<(() => Promise<unknown>)[]>;
  readonly #now: Now;
  readonly #onError: (error: unknown) => void;
  readonly #hints = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #working: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: {
    database: Database;
    sources: SettlementSource[];
    now: Now;
    attemptsOf: (paymentKey: string) => Promise<(() => Promise<unknown>)[]>;
    onError: (error: unknown) => void;
  }) {
    this.#database = options.database;
    this.#works = options.sources;
    this.#now = options.now;
    this.#hintsOf = options.attemptsOf;
    this.#onError = options.onError;
  }

  /**
   * Asks the gateway about everything that is due, and everything whose outcome is not known. Answers how many are settled now, and how many are not.
   * One that breaks keeps none of the others waiting.
   * Errors: the first that broke, once all others are through.
   * @param everyUnknown also those whose next time has not come
   */
  async work(everyUnknown = true): Promise<{ settled: number; unknown: number }> {
    const now = this.#now();
    const tally = { settled: 0, unknown: 0 };
    const broken: unknown[] = [];
    for (const { due, settle: bring } of this.#works) {
      const ids = (await this.#database.rows<{ id: string }>(due(now, everyUnknown, PER_RUN))).map(({ id }) => id);
      const one = async (id: string): Promise<void> => {
        try {
          tally[(await bring(id)) ? "settled" : "unknown"]++;
        } catch (error) {
          broken.push(error);
        }
      };
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let id = ids.shift(); id !== undefined && !this.#stopped; id = ids.shift()) await one(id);
        }),
      );
    }
    if (broken.length > 0) throw broken[0];
    return tally;
  }

  /** Looks again at what is due in `ms`, without waiting for the clock's next minute. */
  again(ms: number): void {
    if (this.#stopped || this.#timers.size >= HINTS_MAX) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#then(() => this.work(false));
    }, ms).unref();
    this.#timers.add(timer);
  }

  /** Somebody, who may be anybody, says that this payment has changed. More hints at once than a gateway in its senses has are passed over: the clock comes by anyway. */
  notify(paymentKey: string): void {
    if (this.#stopped || this.#hints.size >= HINTS_MAX || this.#hints.has(paymentKey)) return;
    this.#hints.add(paymentKey);
    this.#then(async () => {
      this.#hints.delete(paymentKey);
      for (const settle of await this.#hintsOf(paymentKey)) await settle();
    });
  }

  /** Resolves when what was begun is through. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#working;
  }

  /** Resolves when everything that it was told of so far is through. */
  async idle(): Promise<void> {
    await this.#working;
  }

  #then(work: () => Promise<unknown>): void {
    this.#working = this.#working.then(() => (this.#stopped ? undefined : work())).catch(this.#onError);
  }
}

/** Money that must go back: the gateway is told to, under the attempt's own key, until it has answered. */
export function unmatchedCaptureSource(database: Database, gateway: Gateway, settings: SettlementSettings, now: Now): SettlementSource {
  return {
    due: selectUnmatchedCapturesToSettle,
    async settle(id) {
      const [stray] = await database.rows<UnmatchedCaptureRow>(selectUnmatchedCapture(id));
      if (stray?.status !== "PENDING") return true;
      const outcome = await refundAtGateway(
        gateway,
        {
          id: `stray-${id}`,
          paymentKey: stray.paymentKey,
          // All of it, since the shop can't name a part of money that it does not count in.
          amount: stray.reason === CURRENCY_MISMATCH ? null : stray.amount,
          reason: "the order can no longer be paid",
        },
        stray.asked > 0,
      );
      const at = now();
      if (outcome.kind === "unknown")
        await database.rows(updateUnmatchedCapture(id, "PENDING", outcome.reason, at, at + retryDelayMs(stray.asked, settings)));
      else
        await database.rows(
          updateUnmatchedCapture(id, outcome.kind === "done" ? "RETURNED" : "REFUSED", outcome.kind === "done" ? null : outcome.code, at, null),
        );
      return outcome.kind !== "unknown";
    },
  };
}
