// The state machine of every attempt at the gateway: read it, ask the gateway, write the outcome. No transaction is open during a call.

import { exponentialMs } from "../backoff.ts";
import type { SettlementSettings } from "../config.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";
import { type Gateway, GatewayBusy, GatewayUnknown } from "../gateway/gateway.ts";
import { type AttemptTable, selectAttemptsByKey, selectDueAttempts, updateFailedAttempt, WATCHED_MS } from "./attempts.sql.ts";
import { heldFor } from "./capture.ts";
import { GATEWAY_NOT_CALLED, type GatewayOutcome } from "./outcome.ts";
import type { SettlementSource } from "./settlement-worker.ts";
import { insertUnmatchedCapture } from "./unmatched-capture.sql.ts";

type AttemptName = "payment" | "charge" | "refund" | "unmatched capture";

/** Points at which a test lets the process die. */
export type Failpoint = `${AttemptName} ${"started" | "answered"}`;

/** An attempt that may still change. Instants in ms. */
export type Attempt = {
  id: string;
  paymentKey: string;
  /** The order id under which the gateway knows the payment. */
  orderId: string;
  /** The attempt has failed in the shop, but the gateway may have captured the money all the same. */
  failed: boolean;
  status: string;
  createdAt: number;
  /** In minor units. */
  amount: number;
  /** When the gateway is asked next, how often it was asked, and the number of the idempotency key in use. */
  askAt: number | null;
  asked: number;
  keyNumber: number;
};

/** One kind of attempt: its row, its question to the gateway, and the command that writes the outcome. */
export type AttemptKind<Row> = {
  name: AttemptName;
  table: AttemptTable;
  /** Captures are watched after they failed, and webhooks tell about them. */
  isCapture: boolean;
  find(id: string): Promise<Row | undefined>;
  /** Null if the attempt has ended. */
  attemptOf(row: Row): Attempt | null;
  /** @param first whether the gateway has not been called for this attempt before */
  ask(row: Row, attempt: Attempt, first: boolean, gateway: Gateway): Promise<GatewayOutcome>;
  /** Writes the outcome, once. @param askAgainMs pause before the gateway is asked again; null: never */
  finish(row: Row, outcome: GatewayOutcome, askAgainMs: number | null): Promise<unknown>;
};

export type SettlerParts = {
  database: Database;
  gateway: Gateway;
  /** The same gateway for work that no caller waits for, without a circuit breaker. */
  background: Gateway;
  settings: SettlementSettings;
  now: Now;
  /** Called if an attempt's outcome stays unknown after a caller has waited for it. */
  onUnknown?: () => void;
  /** Ends the waiting of callers, at a shutdown. */
  stopping?: AbortSignal;
  /** Called between two steps, at which a crash test lets the process die; only tests set it. */
  failpoint?: (point: Failpoint) => void | Promise<void>;
};

const LONGEST_DELAY_MS = 300_000;

/** The pauses in which a caller looks whether another process has the gateway's answer. */
const FIRST_LOOK_MS = 10;
const LONGEST_LOOK_MS = 250;

/** How often a deposit is asked for, if no webhook tells of it, and when after its due date. */
const DEPOSIT_ASKED_MS = 1_800_000;
const AFTER_DUE_MS = 60_000;

export class Settler<Row> implements SettlementSource {
  readonly #kind: AttemptKind<Row>;
  readonly #parts: SettlerParts;
  readonly #running = new Map<string, Promise<Row>>();

  constructor(kind: AttemptKind<Row>, parts: SettlerParts) {
    this.#kind = kind;
    this.#parts = parts;
  }

  /**
   * Advances an attempt as far as the gateway allows, for a caller who waits, and returns its row.
   * @param first the caller has just started the attempt: the gateway has not been called before
   */
  async settle(id: string, first = false): Promise<Row> {
    if (!first) await this.#waitForFirst(id);
    const row = await this.#once(id, first, this.#parts.gateway);
    if (this.#isOpen(row)) this.#parts.onUnknown?.();
    return row;
  }

  due(now: number, everyUnknown: boolean, limit: number): Statement {
    return selectDueAttempts(this.#kind.table, now, everyUnknown, limit);
  }

  byKey(paymentKey: string): Statement | undefined {
    return this.#kind.isCapture ? selectAttemptsByKey(this.#kind.table, paymentKey) : undefined;
  }

  /** @param afresh a look-up that runs already may have read the state before, so this one begins after it */
  async settleDue(id: string, afresh = false): Promise<boolean> {
    if (afresh) await this.#running.get(id)?.catch(() => {});
    return !this.#isOpen(await this.#once(id, false, this.#parts.background));
  }

  /** Runs once per id at a time in this process. */
  #once(id: string, first: boolean, gateway: Gateway): Promise<Row> {
    const running = this.#running.get(id);
    if (running) return running;
    const started = this.#settle(id, first, gateway).finally(() => this.#running.delete(id));
    this.#running.set(id, started);
    return started;
  }

  /**
   * Waits while the first request for an attempt is about to call the gateway, or is waiting for its answer in another process, so that a
   * repeat gets the same answer. The first request must not join this wait, so it runs outside of `#once`.
   */
  async #waitForFirst(id: string): Promise<void> {
    const { now, settings, stopping } = this.#parts;
    const startedAt = performance.now();
    const limitMs = 2 * settings.timeoutMs; // The call, and the rounds before and after it.
    for (let pauseMs = FIRST_LOOK_MS; !this.#running.has(id); pauseMs = Math.min(2 * pauseMs, LONGEST_LOOK_MS)) {
      const attempt = this.#kind.attemptOf(await this.#find(id));
      const isWaiting = attempt?.status === "PENDING" && attempt.asked === 0 && now() < attempt.createdAt + limitMs;
      if (!isWaiting || stopping?.aborted || performance.now() >= startedAt + limitMs) return;
      await new Promise<void>((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async #settle(id: string, first: boolean, gateway: Gateway): Promise<Row> {
    const { name, attemptOf, ask, finish } = this.#kind;
    const row = await this.#find(id);
    const attempt = attemptOf(row);
    if (attempt === null) return row;
    if (attempt.failed) return this.#watch(row, attempt, gateway);

    await this.#parts.failpoint?.(`${name} started`);
    const outcome = await ask(row, attempt, first, gateway);
    await this.#parts.failpoint?.(`${name} answered`);
    // Nothing was sent, so the attempt stays due, and its pauses do not grow.
    if (outcome.kind === "unknown" && outcome.reason === GATEWAY_NOT_CALLED && !first) return row;
    await finish(row, outcome, this.#askAgainMs(outcome, attempt.asked));
    return this.#find(id);
  }

  /** Looks up a failed attempt. If the gateway has captured its money all the same, the money goes back. */
  async #watch(row: Row, { id, paymentKey, orderId, createdAt, askAt, asked }: Attempt, gateway: Gateway): Promise<Row> {
    const { database, now } = this.#parts;
    const at = now();
    let nextAt: number | null = at + this.#delayMs(asked);
    try {
      const payment = await gateway.find(paymentKey);
      const held = heldFor(payment, orderId, gateway.currency);
      if (held) await database.rows(insertUnmatchedCapture({ id, paymentKey, ...held, createdAt: at }));
      if (held || (payment?.status !== "UNRECOGNIZED" && (askAt === null || at >= createdAt + WATCHED_MS))) nextAt = null;
    } catch (error) {
      if (error instanceof GatewayBusy) return row;
      if (!(error instanceof GatewayUnknown)) throw error;
    }
    await database.rows(updateFailedAttempt(this.#kind.table, id, nextAt, asked + 1));
    return row;
  }

  /** An attempt that fails unconfirmed is looked up again soon: most late money is only a little late. */
  #askAgainMs(outcome: GatewayOutcome, asked: number): number | null {
    if (outcome.kind === "unknown" && outcome.deposit)
      return Math.min(DEPOSIT_ASKED_MS, Math.max(outcome.deposit.dueAt - this.#parts.now(), 0) + AFTER_DUE_MS);
    if (outcome.kind === "unknown") return this.#delayMs(asked);
    return this.#kind.isCapture && outcome.kind === "failed" && !outcome.confirmed ? this.#delayMs(0) : null;
  }

  /** Twice as long each time, up to five minutes. */
  #delayMs(asked: number): number {
    return exponentialMs(this.#parts.settings.settleAfterMs, LONGEST_DELAY_MS, asked);
  }

  #isOpen(row: Row): boolean {
    return this.#kind.attemptOf(row)?.failed === false;
  }

  async #find(id: string): Promise<Row> {
    const row = await this.#kind.find(id);
    if (row === undefined) throw new Error(`there is no ${this.#kind.name} ${id}`);
    return row;
  }
}
