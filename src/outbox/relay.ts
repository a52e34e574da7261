// Relays the outbox to every sink, each at its own pace: one that is away keeps nobody else waiting, and no order at all.

import { randomUUID } from "node:crypto";
import type { Database } from "../database/pool.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type Backlog, insertSinks, selectBacklog } from "./lease.sql.ts";
import type { SinkCounts, SinkReport } from "./sink-report.ts";
import type { Sink } from "./sinks/sink.ts";

export type RelayOptions = {
  database: Database;
  sinks: Sink[];
  /** Who holds the leases: one id per instance. */
  owner?: string;
  /** How often other instances' events are looked for, in ms. The own ones are announced with `wake`. */
  pollMs?: number;
  /** Told of a pass that broke, which is tried again. */
  onError?: (error: unknown) => void;
  /** Told of refused events, dead letters, and sinks that become unavailable or available again. */
  onReport?: (report: SinkReport) => void;
};

export type Relayed = { delivered: number; waiting: number; dead: number };

/** Between two passes at least this, and as long as the last one took: under load the relay falls behind rather than slow the till. */
const PAUSE_MS = 50;
/** A sink that hangs must not keep the process from ending. */
const STOP_MS = 5000;

export class Relay {
  readonly #database: Database;
  readonly #couriers: Dispatcher[];
  readonly #pollMs: number;
  readonly #onError: (error: unknown) => void;
  #prepared: Promise<unknown> | undefined;
  #loops: Promise<unknown> | undefined;
  #stopping = new AbortController();
  /** One per courier that sleeps. */
  readonly #sleepers = new Set<() => void>();
  #news = 0;

  constructor({ database, sinks, owner = randomUUID(), pollMs = 1000, onError = () => {}, onReport = () => {} }: RelayOptions) {
    this.#database = database;
    this.#couriers = sinks.map((sink) => new Dispatcher({ database, sink, owner, onReport }));
    this.#pollMs = pollMs;
    this.#onError = onError;
  }

  get sinkNames(): string[] {
    return this.#couriers.map((courier) => courier.sink.name);
  }

  /** What this process has done, per sink. */
  get counts(): { sink: string; counts: SinkCounts }[] {
    return this.#couriers.map(({ sink, counts }) => ({ sink: sink.name, counts }));
  }

  /** Delivers from now on, until `stop`. */
  start(): void {
    this.#loops ??= Promise.all(this.#couriers.map((courier) => this.#loop(courier)));
  }

  /** There is something new: don't wait for the next look. Costs nothing when called often. */
  wake(): void {
    this.#news++;
    for (const wake of this.#sleepers) wake();
  }

  /** One pass to every sink now, also to one that was away and would be tried later. Errors: the database's. */
  async runOnce(): Promise<Relayed> {
    await this.#prepare();
    const delivered = await Promise.all(this.#couriers.map((courier) => courier.pass(true)));
    return { delivered: delivered.reduce((sum, count) => sum + count, 0), ...(await this.backlog()) };
  }

  /** What the sinks do not have yet. */
  async backlog(): Promise<Backlog> {
    const [backlog] = await this.#database.rows<Backlog>(selectBacklog(this.sinkNames));
    return backlog ?? { waiting: 0, dead: 0 };
  }

  /** Ends when the passes under way are through, or cannot be waited for: what they had not written down comes again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    const through = Promise.all([this.#loops, ...this.#couriers.map((courier) => courier.idle())]);
    await Promise.race([through, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())]);
    await Promise.all(this.#couriers.map((courier) => courier.sink.close()));
  }

  async #loop(courier: Dispatcher): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      const news = this.#news;
      let delivered = 0;
      try {
        await this.#prepare();
        delivered = await courier.pass();
      } catch (error) {
        this.#onError(error);
      }
      await this.#sleep(Math.max(PAUSE_MS, performance.now() - startedAt), false);
      if (delivered === 0 && this.#news === news) await this.#sleep(this.#pollMs, true);
    }
  }

  /** Sinks that the database has not seen begin at the beginning. */
  #prepare(): Promise<unknown> {
    this.#prepared ??= this.#database.rows(insertSinks(this.sinkNames)).catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  /** Until the time is up, `stop` is called or, where `light`, there is news. */
  #sleep(ms: number, light: boolean): Promise<void> {
    if (this.#stopping.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        if (!light && !this.#stopping.signal.aborted) return;
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
