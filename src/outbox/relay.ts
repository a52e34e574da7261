// Relays the outbox to every sink independently: an unavailable sink delays neither the other sinks nor any order.

import { randomUUID } from "node:crypto";
import type { Database } from "../database/pool.ts";
import { Dispatcher } from "./dispatcher.ts";
import { ALL_EVENTS, type EventContents } from "./event-contents.ts";
import { type Backlog, insertSinks, selectBacklog } from "./lease.sql.ts";
import type { SinkCounts, SinkReport } from "./sink-report.ts";
import type { Sink } from "./sinks/sink.ts";

export type RelayOptions = {
  database: Database;
  sinks: Sink[];
  /** Owner of the leases: one id per instance. */
  owner?: string;
  /** The contents for the sinks; by default all types of events, without personal data. */
  contents?: EventContents;
  /** Interval in ms at which events of other instances are looked for. This instance announces its own with `wake`. */
  pollMs?: number;
  /** Called with the error of a failed pass, which is then repeated. */
  onError?: (error: unknown) => void;
  /** Called for refused events, dead letters, and sinks that become unavailable or available again. */
  onReport?: (report: SinkReport) => void;
};

export type Relayed = { delivered: number; waiting: number; dead: number };

/** Least pause between passes. The pause is also as long as the last pass took: under load the relay slows down, not the till. */
const PAUSE_MS = 50;
/** `stop` waits no longer than this, in case a sink hangs. */
const STOP_MS = 5000;

export class Relay {
  readonly #database: Database;
  readonly #dispatchers: Dispatcher[];
  readonly #pollMs: number;
  readonly #onError: (error: unknown) => void;
  #prepared: Promise<unknown> | undefined;
  #loops: Promise<unknown> | undefined;
  #stopping = new AbortController();
  /** One per dispatcher that sleeps. */
  readonly #sleepers = new Set<() => void>();
  #wakeUps = 0;

  constructor({
    database,
    sinks,
    owner = randomUUID(),
    contents = ALL_EVENTS,
    pollMs = 1000,
    onError = () => {},
    onReport = () => {},
  }: RelayOptions) {
    this.#database = database;
    this.#dispatchers = sinks.map((sink) => new Dispatcher({ database, sink, owner, contents, onReport }));
    this.#pollMs = pollMs;
    this.#onError = onError;
  }

  get sinkNames(): string[] {
    return this.#dispatchers.map(({ sink }) => sink.name);
  }

  /** Counts of this process, per sink. */
  get counts(): { sink: string; counts: SinkCounts }[] {
    return this.#dispatchers.map(({ sink, counts }) => ({ sink: sink.name, counts }));
  }

  /** Starts delivering in the background, until `stop`. */
  start(): void {
    this.#loops ??= Promise.all(this.#dispatchers.map((dispatcher) => this.#loop(dispatcher)));
  }

  /** Announces new events, so that the relay does not wait for its next poll. Cheap to call often. */
  wake(): void {
    this.#wakeUps++;
    for (const wake of this.#sleepers) wake();
  }

  /** Runs one pass to every sink now, including sinks that are paused after a failure. Errors: the database's. */
  async runOnce(): Promise<Relayed> {
    await this.#prepare();
    const delivered = await Promise.all(this.#dispatchers.map((dispatcher) => dispatcher.pass(true)));
    return { delivered: delivered.reduce((sum, count) => sum + count, 0), ...(await this.backlog()) };
  }

  /** Counts of events that wait for a sink, and of dead letters. */
  async backlog(): Promise<Backlog> {
    const [backlog] = await this.#database.rows<Backlog>(selectBacklog(this.sinkNames));
    return backlog ?? { waiting: 0, dead: 0 };
  }

  /** Waits up to five seconds for running passes, then closes the sinks. Deliveries that were not stored are repeated later. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    const finished = Promise.all([this.#loops, ...this.#dispatchers.map((dispatcher) => dispatcher.idle())]);
    await Promise.race([finished, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())]);
    await Promise.all(this.#dispatchers.map((dispatcher) => dispatcher.sink.close()));
  }

  async #loop(dispatcher: Dispatcher): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      const wakeUps = this.#wakeUps;
      let delivered = 0;
      try {
        await this.#prepare();
        delivered = await dispatcher.pass();
      } catch (error) {
        this.#onError(error);
      }
      await this.#sleep(Math.max(PAUSE_MS, performance.now() - startedAt), false);
      if (delivered === 0 && this.#wakeUps === wakeUps) await this.#sleep(this.#pollMs, true);
    }
  }

  /** Registers the sinks. A sink that is new to the database starts at the first event. */
  #prepare(): Promise<unknown> {
    this.#prepared ??= this.#database.rows(insertSinks(this.sinkNames)).catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  /** Resolves after `ms`, on `stop`, or, if `wakeable`, on `wake`. */
  #sleep(ms: number, wakeable: boolean): Promise<void> {
    if (this.#stopping.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        if (!wakeable && !this.#stopping.signal.aborted) return;
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#sleepers.delete(wake);
        resolve();
      }, ms);
      this.#sleepers.add(wake);
    });
  }
}
