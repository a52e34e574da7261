// Delivers the outbox to one sink. A pass takes the sink's lease, delivers the next batch of events, retries the refused events
// that are due, and stores the new position. After a crash in between, the batch is delivered again: at-least-once delivery.

import { backoffMs } from "../backoff.ts";
import type { Database } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";
import { isSentBy } from "../events/sent-events.ts";
import { deliverInOrder, sanitizedReason } from "./deliver-in-order.ts";
import type { Envelope } from "./envelope.ts";
import { ALL_EVENTS, type EventContents } from "./event-contents.ts";
import { idOf } from "./event.ts";
import { concernsSink, IsolatingSender, type Outcome } from "./isolate.ts";
import {
  advancePosition,
  confirmLease,
  disable,
  type Lease,
  LEASE_SECONDS,
  postpone,
  releaseLease,
  renewLease,
  selectHasWork,
  takeLease,
} from "./lease.sql.ts";
import { readBatch } from "./read-batch.ts";
import { insertRetries, selectBlockedOrders, selectDueRetries, updateRetries, wakeBlocked } from "./retries.sql.ts";
import { blockedRetry, deliveredRetry, type DueRetry, firstRefusal, isSettled, type NewRetry, refusedRetry, type TriedRetry } from "./retries.ts";
import { sendWave } from "./send-wave.ts";
import { countRefusals, newCounts, type SinkReport } from "./sink-report.ts";
import { type Sink, SinkThrottled, SinkGone } from "./sinks/sink.ts";

export type DispatcherOptions = { database: Database; sink: Sink; owner: string; contents?: EventContents; onReport?: (report: SinkReport) => void };

/** Events turned into envelopes at a time. Small, because requests share the thread. */
const CHUNK_SIZE = 250;
/** Retries per pass. */
const RETRY_LIMIT = 250;
const ONE_ORDER_PAUSE_MS = 5000;
/** If one call to the sink takes longer, the lease is no longer renewed and another instance may take it. */
const MAX_RENEWAL_MS = 60_000;

/** Another instance holds the lease. Deliveries of this pass are not stored and will be repeated. */
class LeaseLost extends Error {}
class SinkUnavailable extends Error {}

export class Dispatcher {
  readonly sink: Sink;
  /** Of this process, since it started. */
  readonly counts = newCounts();
  readonly #database: Database;
  readonly #owner: string;
  readonly #contents: EventContents;
  readonly #isSent: (event: { type: string }) => boolean;
  readonly #onReport: (report: SinkReport) => void;
  readonly #sender: IsolatingSender;
  /** Events after position `from` that were delivered but not stored yet. After a failure they are not sent again. */
  #unstored = { from: "", ids: new Set<string>() };
  #running: Promise<unknown> = Promise.resolve();
  /** When the current call to the sink started. */
  #callSince: number | undefined;
  #oneOrder = false;

  constructor({ database, sink, owner, contents = ALL_EVENTS, onReport = () => {} }: DispatcherOptions) {
    this.sink = sink;
    this.#database = database;
    this.#owner = owner;
    this.#contents = contents;
    const isSent = isSentBy(contents.types);
    this.#isSent = ({ type }) => isSent(type);
    this.#onReport = onReport;
    this.#sender = new IsolatingSender((envelopes, replays) => this.#timed(() => sink.deliver(envelopes, replays)));
  }

  /**
   * Runs one pass, after the previous one, and returns the number of delivered events. An unavailable sink is not an error: it is
   * tried again after a pause, which `ignorePause` skips. Errors: the database's.
   */
  pass(ignorePause = false): Promise<number> {
    const pass = this.#running.then(() => this.#pass(ignorePause));
    this.#running = pass.catch(() => {});
    return pass;
  }

  /** Resolves when no pass is running. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #pass(ignorePause: boolean): Promise<number> {
    const sink = this.sink.name;
    const [found] = await this.#database.rows<{ work: boolean }>(selectHasWork(sink, ignorePause));
    if (!found?.work) return 0;
    const [lease] = await this.#database.rows<Lease>(takeLease(sink, this.#owner, ignorePause));
    if (!lease) return 0;
    const renewing = this.#keepLease();
    try {
      // Retries come second: once the sink has accepted new events, a retry that fails counts as refused.
      const events = await this.#deliverBatch(lease);
      const delivered = events + (await this.#deliverRetries(events === 0));
      if (lease.failures > 0 && this.#sender.answeredRecently) this.#onReport({ kind: "available", sink });
      return delivered;
    } catch (error) {
      if (error instanceof LeaseLost) return 0;
      if (!(error instanceof SinkUnavailable)) throw error;
      this.counts.failures++;
      if (lease.failures === 0) this.#onReport({ kind: "unavailable", sink, reason: sanitizedReason(error.cause) });
      await this.#database.rows(this.#afterFailure(error.cause, lease.failures + 1));
      return 0;
    } finally {
      clearInterval(renewing);
      // Released between passes, so that another instance can continue at once. It waits for the expiry only after a crash.
      await this.#database.rows(releaseLease(sink, this.#owner)).catch(() => {});
    }
  }

  #afterFailure(cause: unknown, failures: number): Statement {
    if (cause instanceof SinkGone) return disable(this.sink.name, this.#owner, sanitizedReason(cause));
    // If only one order has events, the sink may be refusing its event. Retry soon, when another order's event can prove it.
    const maybeRefused = this.#oneOrder && cause instanceof Error && !concernsSink(cause);
    const pauseMs = Math.min(backoffMs(failures), maybeRefused ? ONE_ORDER_PAUSE_MS : Number.POSITIVE_INFINITY);
    return postpone(this.sink.name, this.#owner, cause instanceof SinkThrottled ? Math.max(pauseMs, cause.waitMs) : pauseMs, sanitizedReason(cause));
  }

  /**
   * Delivers the retries that are due, the first one of each order.
   * @param alone no new event was delivered that could prove that the sink works, so an event that fails counts as refused
   */
  async #deliverRetries(alone: boolean): Promise<number> {
    const due = await this.#database.rows<DueRetry>(selectDueRetries(this.sink.name, RETRY_LIMIT));
    if (due.length === 0) return 0;
    const replays = new Map(due.flatMap((event) => (event.replay === null ? [] : [[idOf(event), event.replay]])));
    const { delivered, refused, undelivered, unavailable } = await deliverInOrder(due, new Set(), (wave) =>
      sendWave({ database: this.#database, contents: this.#contents }, wave, (envelopes) => this.#sender.send(envelopes, replays)),
    );
    const certain = unavailable !== undefined && (concernsSink(unavailable) || unavailable instanceof SinkGone);
    if (unavailable && alone && !certain) for (const event of undelivered) refused.push({ event, reason: sanitizedReason(unavailable) });
    const tried = [...delivered.map(deliveredRetry), ...refused.map(({ event, reason }) => refusedRetry(event, reason))];
    if (tried.length > 0) await this.#storeRetries(tried, delivered.length);
    if (certain) throw new SinkUnavailable("sink is unavailable", { cause: unavailable });
    return delivered.length;
  }

  async #storeRetries(tried: TriedRetry[], delivered: number): Promise<void> {
    // A dead letter no longer blocks its order: a sink that never accepts one event still receives the later ones. Consumers see
    // the gap as a missing sequence number until an operator replays the event.
    const settled = tried.filter(isSettled).map(({ orderId }) => orderId);
    await this.#store(confirmLease(this.sink.name, this.#owner), [updateRetries(this.sink.name, tried), wakeBlocked(this.sink.name, settled)]);
    this.#count(delivered, tried);
  }

  /** Delivers the next batch of the outbox, made of whole transactions. */
  async #deliverBatch(lease: Lease): Promise<number> {
    const { position } = lease;
    const batch = await readBatch(this.#database, position);
    if (!batch) return 0;
    const sink = this.sink.name;
    this.#oneOrder = batch.subjects.length === 1;
    const events = batch.events.filter(this.#isSent);
    if (events.length === 0) return this.#skipBatch(lease, batch.upper);
    const rows = await this.#database.rows<{ orderId: string }>(selectBlockedOrders(sink, batch.subjects));
    const blockedOrders = new Set(rows.map(({ orderId }) => orderId));
    const retries: NewRetry[] = [];
    let count = 0;
    if (this.#unstored.from !== position) this.#unstored = { from: position, ids: new Set() };
    for (let at = 0; at < events.length; at += CHUNK_SIZE) {
      const { delivered, refused, blocked, unavailable } = await deliverInOrder(events.slice(at, at + CHUNK_SIZE), blockedOrders, (wave) =>
        sendWave({ database: this.#database, contents: this.#contents, orders: batch.orders }, wave, (envelopes) => this.#sendNew(envelopes)),
      );
      if (unavailable) throw new SinkUnavailable("sink is unavailable", { cause: unavailable });
      count += delivered.length;
      retries.push(...refused.map(({ event, reason }) => firstRefusal(event, reason)), ...blocked.map(blockedRetry));
    }
    await this.#store(advancePosition(sink, this.#owner, position, batch.upper), retries.length === 0 ? [] : [insertRetries(sink, retries)]);
    this.#count(count, retries);
    return count;
  }

  /** Sends envelopes except those that an earlier, failed pass has delivered. */
  async #sendNew(envelopes: Envelope[]): Promise<Outcome> {
    const { ids } = this.#unstored;
    const rest = envelopes.filter(({ id }) => !ids.has(id));
    const outcome = await this.#sender.send(rest);
    for (const { id } of rest) if (!outcome.refused.has(id) && !outcome.undelivered.has(id)) ids.add(id);
    return outcome;
  }

  /** Skips a batch without an event to deliver, such as a rehearsal's. Otherwise the events after it would never be delivered. */
  async #skipBatch(lease: Lease, upper: string): Promise<number> {
    await this.#store(advancePosition(this.sink.name, this.#owner, lease.position, upper), [renewLease(this.sink.name, this.#owner)]);
    return this.#deliverBatch({ ...lease, position: upper });
  }

  #count(delivered: number, retries: readonly (NewRetry | TriedRetry)[]): void {
    this.counts.delivered += delivered;
    for (const report of countRefusals(this.sink.name, retries, this.counts)) this.#onReport(report);
  }

  /** Renews the lease during a long pass, unless a call to the sink hangs. */
  #keepLease(): NodeJS.Timeout {
    return setInterval(
      () => {
        if (this.#callSince === undefined || performance.now() - this.#callSince < MAX_RENEWAL_MS)
          this.#database.rows(renewLease(this.sink.name, this.#owner)).catch(() => {});
      },
      (LEASE_SECONDS * 1000) / 3,
    );
  }

  async #timed<T>(call: () => Promise<T>): Promise<T> {
    this.#callSince = performance.now();
    try {
      return await call();
    } finally {
      this.#callSince = undefined;
    }
  }

  /** Runs the statements in one transaction if `guard` returns a row: this instance still holds the lease. Errors: LeaseLost. */
  async #store(guard: Statement, statements: Statement[]): Promise<void> {
    await this.#database.transaction(async (run) => {
      if ((await run(guard.text, guard.values)).length === 0) throw new LeaseLost();
      for (const { text, values } of statements) await run(text, values);
    });
  }
}
