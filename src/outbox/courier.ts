// Brings the outbox to one sink. A pass takes the sink's lease, tries the letters that are due, delivers the next stretch of
// the outbox, and writes down how far it came. A crash in between means that the stretch comes again: at least once.

import type { Database } from "../database/pool.ts";
import type { Statement } from "../database/statement.ts";
import { backoffMs, MOST_TRIES } from "./backoff.ts";
import { deliverInOrder, refusalsOf, sayable } from "./deliver-in-order.ts";
import { envelopeOf, type OutboxEvent } from "./envelope.ts";
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
  type DueLetter,
  insertLetters,
  type NewLetter,
  selectBlockedOrders,
  selectDueLetters,
  type TriedLetter,
  updateLetters,
  wakeParked,
} from "./letters.sql.ts";
import { readOrdersAt } from "./order-at-event.ts";
import { selectDue, selectOrdersOfTransaction, selectReadable } from "./outbox.sql.ts";
import { type Sink, SinkAsksToWait, SinkGone } from "./sink.ts";

export type CourierOptions = { database: Database; sink: Sink; owner: string };

/** Events of a stretch; it may grow by the rest of its last transaction. */
const STRETCH = 1000;
/** Events that are made into envelopes at a time: small, because the till's requests wait meanwhile. */
const ARMFUL = 250;
const LETTERS = 250;
/** A sink that keeps a delivery longer than this is left to another instance. */
const MOST_RENEWING_MS = 60_000;

/** Another instance has taken the lease: what this one delivered meanwhile is not written down, and comes again. */
class LeaseLost extends Error {}
class SinkAway extends Error {}

export class Courier {
  readonly sink: Sink;
  readonly #database: Database;
  readonly #owner: string;
  #busy: Promise<unknown> = Promise.resolve();

  constructor({ database, sink, owner }: CourierOptions) {
    this.sink = sink;
    this.#database = database;
    this.#owner = owner;
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
    try {
      const letters = await this.#tryLetters();
      const events = await this.#deliverStretch(lease);
      return letters + events;
    } catch (error) {
      if (error instanceof LeaseLost) return 0;
      if (!(error instanceof SinkAway)) throw error;
      await this.#database.rows(this.#afterFailure(error.cause, lease.failures + 1));
      return 0;
    } finally {
      // Not kept between passes: another instance may go on at once, and only a crash in a pass has to be waited out.
      await this.#database.rows(releaseLease(sink, this.#owner)).catch(() => {});
    }
  }

  #afterFailure(cause: unknown, failures: number): Statement {
    if (cause instanceof SinkGone) return disable(this.sink.name, this.#owner, sayable(cause));
    const pauseMs = backoffMs(failures);
    return postpone(this.sink.name, this.#owner, cause instanceof SinkAsksToWait ? Math.max(pauseMs, cause.waitMs) : pauseMs, sayable(cause));
  }

  /** Letters whose time has come, each order's first one. */
  async #tryLetters(): Promise<number> {
    const due = await this.#database.rows<DueLetter>(selectDueLetters(this.sink.name, LETTERS));
    if (due.length === 0) return 0;
    const { delivered, refused } = await deliverInOrder(due, new Set(), (wave) => this.#send(wave, true));
    const tried: TriedLetter[] = [
      ...delivered.map(({ orderId, seq }) => ({ orderId, seq, refusal: null })),
      ...refused.map(({ event: { orderId, seq, attempts }, reason }) => ({
        orderId,
        seq,
        refusal: { reason, pauseMs: attempts + 1 < MOST_TRIES ? backoffMs(attempts + 1) : null },
      })),
    ];
    // A dead letter no longer holds up its order: a platform that will never take one event should still learn what became
    // of the order. The gap shows, as a dead letter here and a missing sequence number there, until an operator replays it.
    const settled = tried.filter(({ refusal }) => refusal === null || refusal.pauseMs === null).map((letter) => letter.orderId);
    await this.#write(confirmLease(this.sink.name, this.#owner), [updateLetters(this.sink.name, tried), wakeParked(this.sink.name, settled)]);
    return delivered.length;
  }

  /** The next stretch of the outbox, whole transactions of it. */
  async #deliverStretch(lease: Lease): Promise<number> {
    const { position } = lease;
    const stretch = await this.#nextStretch(position);
    if (!stretch) return 0;
    const sink = this.sink.name;
    const events = await this.#database.rows<OutboxEvent>(selectDue(stretch.orderIds, position, stretch.upper));
    if (events.length === 0) return this.#passOver(lease, stretch.upper);
    const waiting = await this.#database.rows<{ orderId: string }>(selectBlockedOrders(sink, stretch.orderIds));
    const blocked = new Set(waiting.map((letter) => letter.orderId));
    const letters: NewLetter[] = [];
    let count = 0;
    for (let at = 0; at < events.length; at += ARMFUL) {
      const { delivered, refused, parked } = await deliverInOrder(events.slice(at, at + ARMFUL), blocked, (wave) => this.#send(wave, false));
      count += delivered.length;
      for (const { event, reason } of refused) letters.push({ orderId: event.orderId, seq: event.seq, refusal: { reason, pauseMs: backoffMs(1) } });
      for (const event of parked) letters.push({ orderId: event.orderId, seq: event.seq, refusal: null });
    }
    await this.#write(advancePosition(sink, this.#owner, position, stretch.upper), letters.length === 0 ? [] : [insertLetters(sink, letters)]);
    return count;
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

  async #send<Event extends OutboxEvent>(wave: Event[], again: boolean): Promise<Map<Event, string>> {
    const orders = await readOrdersAt(this.#database, wave);
    const sent = wave.flatMap((event, i) => {
      const order = orders[i];
      return order ? [{ event, envelope: envelopeOf(event, order) }] : [];
    });
    const { failed } = await this.#whileRenewing(() =>
      this.sink.deliver(
        sent.map(({ envelope }) => envelope),
        again,
      ),
    );
    const refusals = refusalsOf(sent, failed);
    wave.forEach((event, i) => orders[i] ?? refusals.set(event, "its order does not exist"));
    return refusals;
  }

  /** A slow delivery keeps its lease. */
  async #whileRenewing<T>(deliver: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const timer = setInterval(
      () => {
        if (performance.now() - startedAt > MOST_RENEWING_MS) clearInterval(timer);
        else this.#database.rows(renewLease(this.sink.name, this.#owner)).catch(() => {});
      },
      (LEASE_SECONDS * 1000) / 3,
    );
    try {
      return await deliver();
    } catch (error) {
      throw new SinkAway("the sink is away", { cause: error });
    } finally {
      clearInterval(timer);
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
