// The state machine of every attempt at the gateway: read it, ask the gateway, write the outcome. No transaction is open during a call.

import type { SettlementSettings } from "../config.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";
import { type Gateway, GatewayBusy, GatewayUnknown } from "../gateway/gateway.ts";
import { heldFor } from "./capture-outcome.ts";
import type { GatewayOutcome } from "./outcome.ts";
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
  createdAt: number;
  /** When the gateway is asked next, and how often it was asked. */
  askAt: number | null;
  asked: number;
};

/** One kind of attempt: its statements, its question to the gateway, and the command that writes the outcome. */
export type AttemptKind<Row> = {
  name: AttemptName;
  /** Ids of attempts that are due. @param everyUnknown also those with an unknown outcome that are not due yet */
  due(now: number, everyUnknown: boolean, limit: number): Statement;
  /** Ids of attempts with this payment key that may still change. Unset if webhooks do not concern this kind. */
  withPaymentKey?: (paymentKey: string) => Statement;
  find(id: string): Promise<Row | undefined>;
  /** Null if the attempt has ended. */
  attemptOf(row: Row): Attempt | null;
  /** @param first the request that started the attempt: the gateway has not been called before */
  ask(row: Row, first: boolean): Promise<GatewayOutcome>;
  /** Writes the outcome, once. @param askAgainMs pause before the gateway is asked again, if it has to be */
  finish(row: Row, outcome: GatewayOutcome, askAgainMs: number): Promise<unknown>;
  /** When a failed attempt is looked up again, or never. */
  updateWatch?: (id: string, askAt: number | null, asked: number) => Statement;
};

export type SettlerParts = {
  database: Database;
  gateway: Gateway;
  settings: SettlementSettings;
  now: Now;
  /** Called where the process may die between two steps; only tests set it. */
  failpoint?: (point: Failpoint) => void | Promise<void>;
};

const LONGEST_DELAY_MS = 300_000;
/** How long an attempt that failed without an answer from the gateway is looked up again. */
const WATCHED_MS = 86_400_000;

export class Settler<Row> {
  readonly #kind: AttemptKind<Row>;
  readonly #parts: SettlerParts;
  readonly #running = new Map<string, Promise<Row>>();

  constructor(kind: AttemptKind<Row>, parts: SettlerParts) {
    this.#kind = kind;
    this.#parts = parts;
  }

  /**
   * Advances an attempt as far as the gateway allows and returns its row. Runs once per id at a time in this process.
   * @param first the request that started the attempt: the gateway has not been called before
   */
  settle(id: string, first = false): Promise<Row> {
    const running = this.#running.get(id);
    if (running) return running;
    const started = this.#settle(id, first).finally(() => this.#running.delete(id));
    this.#running.set(id, started);
    return started;
  }

  /** Whether the outcome is still unknown. */
  isOpen(row: Row): boolean {
    return this.#kind.attemptOf(row)?.failed === false;
  }

  /** This kind of attempt, for the settlement worker. */
  get source(): SettlementSource {
    const { due, withPaymentKey } = this.#kind;
    return { due, ...(withPaymentKey ? { withPaymentKey } : {}), settle: async (id) => !this.isOpen(await this.settle(id)) };
  }

  async #settle(id: string, first: boolean): Promise<Row> {
    const { failpoint, settings } = this.#parts;
    const row = await this.#find(id);
    const attempt = this.#kind.attemptOf(row);
    if (attempt === null) return row;
    if (attempt.failed) return this.#watch(row, attempt);

    await failpoint?.(`${this.#kind.name} started`);
    const outcome = await this.#kind.ask(row, first);
    await failpoint?.(`${this.#kind.name} answered`);
    // An attempt that fails unconfirmed is looked up again soon: most late money is only a little late.
    const asked = outcome.kind === "unknown" ? attempt.asked : 0;
    await this.#kind.finish(row, outcome, retryDelayMs(asked, settings));
    return this.#find(id);
  }

  /** Looks up a failed attempt. If the gateway has captured its money all the same, the money goes back. */
  async #watch(row: Row, { id, paymentKey, orderId, createdAt, askAt, asked }: Attempt): Promise<Row> {
    const { database, gateway, settings, now } = this.#parts;
    const at = now();
    let nextAt: number | null = at + retryDelayMs(asked, settings);
    try {
      const held = heldFor(await gateway.find(paymentKey), orderId, gateway.currency);
      if (held) await database.rows(insertUnmatchedCapture({ id, paymentKey, ...held, createdAt: at }));
      if (held || askAt === null || at >= createdAt + WATCHED_MS) nextAt = null;
    } catch (error) {
      if (!(error instanceof GatewayUnknown || error instanceof GatewayBusy)) throw error;
    }
    if (this.#kind.updateWatch) await database.rows(this.#kind.updateWatch(id, nextAt, asked + 1));
    return row;
  }

  async #find(id: string): Promise<Row> {
    const row = await this.#kind.find(id);
    if (row === undefined) throw new Error(`there is no ${this.#kind.name} ${id}`);
    return row;
  }
}

/** The pause before the gateway is asked again: twice as long each time, up to five minutes. */
function retryDelayMs(asked: number, { settleAfterMs }: SettlementSettings): number {
  return Math.min(settleAfterMs * 2 ** Math.min(asked, 20), LONGEST_DELAY_MS);
}
