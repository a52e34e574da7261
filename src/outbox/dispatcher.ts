// Brings the outbox to one sink. A pass takes the sink's lease, tries the letters that are due, delivers the next stretch of
// the outbox, and writes down how far it came. A crash in between means that the stretch comes again: at least once.

import type { Database } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";
import { eventId } from "../ids.ts";
import { backoffMs, MOST_TRIES } from "../backoff.ts";
import { deliverInOrder, sanitizedReason, type SentWave } from "./deliver-in-order.ts";
import { type Envelope, envelopeOf, type OutboxEvent } from "./envelope.ts";
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
import {
  type DueRetry,
  insertRetries,
  type NewRetry,
  selectBlockedOrders,
  selectDueRetries,
  type TriedRetry,
  updateRetries,
  wakeBlocked,
} from "./retries.sql.ts";
import { readOrderSnapshots } from "./order-snapshot.ts";
import { selectDue, selectOrdersOfTransaction, selectReadable } from "./outbox.sql.ts";
import { countRefusals, newCounts, type SinkReport } from "./sink-report.ts";
import { type Sink, SinkThrottled, SinkGone } from "./sinks/sink.ts";

export type DispatcherOptions = { database: Database; sink: Sink; owner: string; onReport?: (report: SinkReport) => void };

/** Events of a stretch; it may grow by the rest of its last transaction. */
const STRETCH = 1000;
/** Events that are made into envelopes at a time: small, because the till's requests wait meanwhile. */
const ARMFUL = 250;
const LETTERS = 250;
const ONE_ORDER_PAUSE_MS = 5000;
/** A sink that keeps a delivery longer than this is left to another instance. */
const MOST_RENEWING_MS = 60_000;

/** Another instance has taken the lease: what this one delivered meanwhile is not written down, and comes again. */
class LeaseLost extends Error {}
class SinkAway extends Error {}

export class Dispatcher {
  readonly sink: Sink;
  /** Of this process, since it started. */
  readonly counts = newCounts();
  readonly #database: Database;
  readonly #owner: string;
  readonly #onReport: (report: SinkReport) => void;
  readonly #sender: IsolatingSender;
  /** Delivered from this position on, but not yet written down: after a failure they are not sent again. */
  #taken = { from: "", ids: new Set<string>() };
  #busy: Promise<unknown> = Promise.resolve();
  #callSince: number | undefined;
  #oneOrder = false;

  constructor({ database, sink, owner, onReport = () => {} }: DispatcherOptions) {
    this.sink = sink;
    this.#database = database;
    this.#owner = owner;
    this.#onReport = onReport;
    this.#sender = new IsolatingSender((envelopes, replays) => this.#timed(() => sink.deliver(envelopes, replays)));
  }

  /**
   * One pass; answers how many events it delivered. Passes of one courier follow each other. A sink that is away is no error:
   * it is tried again after a pause, which `atOnce` does not wait for. Errors: the database's.
   */
  pass(atOnce = false): Promise<number> {
    const turn = this.#busy.then(() => this.#pass(atOnce));
    this.#busy = turn.catch(() => {});
    return turn;
  }

  /** Resolves when no pass is under way. */
  async idle(): Promise<void> {
    await this.#busy;
  }

  async #pass(atOnce: boolean): Promise<number> {
    const sink = this.sink.name;
    const [found] = await this.#database.rows<{ work: boolean }>(selectHasWork(sink, atOnce));
    if (!found?.work) return 0;
    const [lease] = await this.#database.rows<Lease>(takeLease(sink, this.#owner, atOnce));
    if (!lease) return 0;
    const renewing = this.#keepLease();
    try {
      // Letters come second: what the sink has just taken proves that a letter which fails is refused.
      const events = await this.#deliverStretch(lease);
      const delivered = events + (await this.#tryLetters(events === 0));
      if (lease.failures > 0 && this.#sender.answeredRecently) this.#onReport({ kind: "available", sink });
      return delivered;
    } catch (error) {
      if (error instanceof LeaseLost) return 0;
      if (!(error instanceof SinkAway)) throw error;
      this.counts.failures++;
      if (lease.failures === 0) this.#onReport({ kind: "unavailable", sink, reason: sanitizedReason(error.cause) });
      await this.#database.rows(this.#afterFailure(error.cause, lease.failures + 1));
      return 0;
    } finally {
      clearInterval(renewing);
      // Not kept between passes: another instance may go on at once, and only a crash in a pass has to be waited out.
      await this.#database.rows(releaseLease(sink, this.#owner)).catch(() => {});
    }
  }

  #afterFailure(cause: unknown, failures: number): Statement {
    if (cause instanceof SinkGone) return disable(this.sink.name, this.#owner, sanitizedReason(cause));
    // If only one order waits, its event may be refused: the next order's event must not wait long to show it.
    const maybeRefused = this.#oneOrder && cause instanceof Error && !concernsSink(cause);
    const pauseMs = Math.min(backoffMs(failures), maybeRefused ? ONE_ORDER_PAUSE_MS : Number.POSITIVE_INFINITY);
    return postpone(this.sink.name, this.#owner, cause instanceof SinkThrottled ? Math.max(pauseMs, cause.waitMs) : pauseMs, sanitizedReason(cause));
  }

  /**
   * Letters whose time has come, each order's first one.
   * @param alone no other event waits that could show whether the sink works: then an event that fails counts as refused
   */
  async #tryLetters(alone: boolean): Promise<number> {
    const due = await this.#database.rows<DueRetry>(selectDueRetries(this.sink.name, LETTERS));
    if (due.length === 0) return 0;
    const replays = new Map(due.flatMap(({ orderId, seq, replay }) => (replay === null ? [] : [[eventId(orderId, seq), replay]])));
    const { delivered, refused, undelivered, unavailable } = await deliverInOrder(due, new Set(), (wave) =>
      this.#send(wave, (envelopes) => this.#sender.send(envelopes, replays)),
    );
    const certain = unavailable !== undefined && (concernsSink(unavailable) || unavailable instanceof SinkGone);
    if (unavailable && alone && !certain) for (const event of undelivered) refused.push({ event, reason: sanitizedReason(unavailable) });
    const tried: TriedRetry[] = [
      ...delivered.map(({ orderId, seq }) => ({ orderId, seq, refusal: null })),
      ...refused.map(({ event: { orderId, seq, attempts }, reason }) => ({
        orderId,
        seq,
        refusal: { reason, pauseMs: attempts + 1 < MOST_TRIES ? backoffMs(attempts + 1) : null },
      })),
    ];
    if (tried.length > 0) await this.#writeTried(tried, delivered.length);
    if (certain) throw new SinkAway("the sink is away", { cause: unavailable });
    return delivered.length;
  }

  async #writeTried(tried: TriedRetry[], delivered: number): Promise<void> {
    // A dead letter no longer holds up its order: a platform that will never take one event should still learn what became
    // of the order. The gap shows, as a dead letter here and a missing sequence number there, until an operator replays it.
    const settled = tried.filter(({ refusal }) => refusal === null || refusal.pauseMs === null).map((letter) => letter.orderId);
    await this.#write(confirmLease(this.sink.name, this.#owner), [updateRetries(this.sink.name, tried), wakeBlocked(this.sink.name, settled)]);
    this.#count(delivered, tried);
  }

  /** The next stretch of the outbox, whole transactions of it. */
  async #deliverStretch(lease: Lease): Promise<number> {
    const { position } = lease;
    const stretch = await this.#nextStretch(position);
    if (!stretch) return 0;
    const sink = this.sink.name;
    this.#oneOrder = stretch.orderIds.length === 1;
    const events = await this.#database.rows<OutboxEvent>(selectDue(stretch.orderIds, position, stretch.upper));
    if (events.length === 0) return this.#passOver(lease, stretch.upper);
    const waiting = await this.#database.rows<{ orderId: string }>(selectBlockedOrders(sink, stretch.orderIds));
    const blocked = new Set(waiting.map((letter) => letter.orderId));
    const letters: NewRetry[] = [];
    let count = 0;
    if (this.#taken.from !== position) this.#taken = { from: position, ids: new Set() };
    for (let at = 0; at < events.length; at += ARMFUL) {
      const { delivered, refused, parked, unavailable } = await deliverInOrder(events.slice(at, at + ARMFUL), blocked, (wave) =>
        this.#send(wave, (envelopes) => this.#sendNew(envelopes)),
      );
      if (unavailable) throw new SinkAway("the sink is away", { cause: unavailable });
      count += delivered.length;
      for (const { event, reason } of refused) letters.push({ orderId: event.orderId, seq: event.seq, refusal: { reason, pauseMs: backoffMs(1) } });
      for (const event of parked) letters.push({ orderId: event.orderId, seq: event.seq, refusal: null });
    }
    await this.#write(advancePosition(sink, this.#owner, position, stretch.upper), letters.length === 0 ? [] : [insertRetries(sink, letters)]);
    this.#count(count, letters);
    return count;
  }

  /** What a failed pass has delivered is not sent again by the next one. */
  async #sendNew(envelopes: Envelope[]): Promise<Outcome> {
    const { ids } = this.#taken;
    const rest = envelopes.filter(({ id }) => !ids.has(id));
    const outcome = await this.#sender.send(rest);
    for (const { id } of rest) if (!outcome.refused.has(id) && !outcome.undelivered.has(id)) ids.add(id);
    return outcome;
  }

  /** Goes on behind a stretch of which nothing is told: the events of a rehearsal would otherwise keep the ones behind them waiting. */
  async #passOver(lease: Lease, upper: string): Promise<number> {
    await this.#write(advancePosition(this.sink.name, this.#owner, lease.position, upper), [renewLease(this.sink.name, this.#owner)]);
    return this.#deliverStretch({ ...lease, position: upper });
  }

  async #nextStretch(position: string): Promise<{ orderIds: string[]; upper: string } | undefined> {
    const found = await this.#database.rows<{ orderId: string; xid: string }>(selectReadable(position, STRETCH));
    const upper = found.at(-1)?.xid;
    if (upper === undefined) return undefined;
    // The limit may have cut the last transaction in two.
    const rest = found.length < STRETCH ? [] : await this.#database.rows<{ orderId: string }>(selectOrdersOfTransaction(upper));
    return { orderIds: [...new Set([...found, ...rest].map((event) => event.orderId))], upper };
  }

  async #send<Event extends OutboxEvent>(wave: Event[], send: (envelopes: Envelope[]) => Promise<Outcome>): Promise<SentWave<Event>> {
    const orders = await readOrderSnapshots(this.#database, wave);
    const envelopes = wave.map((event, i) => orders[i] && envelopeOf(event, orders[i]));
    const outcome = await send(envelopes.filter((envelope) => envelope !== undefined));
    const refused = new Map<Event, string>();
    const undelivered = new Set<Event>();
    wave.forEach((event, i) => {
      const id = envelopes[i]?.id;
      const reason = id === undefined ? "its order does not exist" : outcome.refused.get(id);
      if (reason !== undefined) refused.set(event, sanitizedReason(reason));
      else if (id !== undefined && outcome.undelivered.has(id)) undelivered.add(event);
    });
    return { refused, undelivered, unavailable: outcome.unavailable };
  }

  #count(delivered: number, letters: readonly (NewRetry | TriedRetry)[]): void {
    this.counts.delivered += delivered;
    for (const report of countRefusals(this.sink.name, letters, this.counts)) this.#onReport(report);
  }

  /** A long pass keeps its lease, unless one call to the sink hangs. */
  #keepLease(): NodeJS.Timeout {
    return setInterval(
      () => {
        if (this.#callSince === undefined || performance.now() - this.#callSince < MOST_RENEWING_MS)
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

  /** Writes down what happened, but only while the lease is still this courier's: `guard` must give a row. */
  async #write(guard: Statement, statements: Statement[]): Promise<void> {
    await this.#database.transaction(async (run) => {
      if ((await run(guard.text, guard.values)).length === 0) throw new LeaseLost();
      for (const { text, values } of statements) await run(text, values);
    });
  }
}
