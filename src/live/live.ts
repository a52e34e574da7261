// Live metrics: the shop's sales second by second, as server-sent events. A second is computed once for all watchers, and only while there
// are watchers. Instances of one database exchange their seconds by NOTIFY: an instance with watchers asks, and each answers for a while.

import { PassThrough, type Readable } from "node:stream";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { refuse } from "../refusal.ts";
import type { Changes } from "../till/table.ts";
import type { AnsweredRequest, Counters, InstanceSecond } from "./counters.ts";
import { selectFlushes, selectRemaining, SERVER_VERSION } from "./live.sql.ts";
import { type DatabaseSecond, type MetricsSnapshot, snapshotOf } from "./metrics-snapshot.ts";

export type LiveOptions = {
  database: Database;
  counters: Counters;
  now: Now;
  /** This instance's name among the instances. */
  id: string;
  /** Sends a message to every instance. */
  notify: (message: string) => Promise<void>;
};

type Remaining = Pick<DatabaseSecond, "stock" | "coupons"> & {
  copiedStock: DatabaseSecond["stock"];
  copiedCoupons: DatabaseSecond["coupons"];
};

const REQUEST = "live? ";
const ANSWER = "live! ";
const SECOND_MS = 1000;
/** How often an instance with watchers asks, and how long the others answer. */
const REQUEST_EVERY_MS = 3000;
const ANSWER_FOR_MS = 8000;
/** An instance whose last second is older is not shown. */
const FRESH_MS = 2500;
const DATABASE_TIMEOUT_MS = 800;
const MAX_SECONDS_KEPT = 300;
const MAX_WATCHERS = 100;
/** A watcher with more unread bytes skips seconds. */
const MAX_UNREAD_BYTES = 256 * 1024;

export class Live {
  readonly #options: LiveOptions;
  readonly #watchers = new Set<PassThrough>();
  readonly #others = new Map<string, { at: number; second: InstanceSecond }>();
  /** The last seconds, oldest first, for new watchers. Stored as bytes, so that a second is encoded once for all watchers. */
  #kept: Buffer[] = [];
  #retainers = 0;
  #answersUntil = 0;
  #requestedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #previous: { flushes: number | null } | null = null;
  #serverVersion: number | undefined;
  #stopped = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Whether this instance or another is watched. */
  get active(): boolean {
    return this.#timer !== undefined;
  }

  answered(request: AnsweredRequest): void {
    if (this.active) this.#options.counters.answered(request);
  }

  committed(changes: Changes): void {
    if (this.active) this.#options.counters.committed(changes, this.#options.now());
  }

  /**
   * A stream of server-sent events: the kept seconds, then one `second` each second. It ends after `seconds`.
   * Errors: BUSY.
   */
  watch(seconds: number): Readable {
    if (this.#watchers.size >= MAX_WATCHERS || this.#stopped) refuse("BUSY", { retryAfter: 5 });
    const stream = new PassThrough({ highWaterMark: MAX_UNREAD_BYTES });
    const end = setTimeout(() => stream.end(), seconds * SECOND_MS + SECOND_MS / 2);
    stream.once("close", () => {
      clearTimeout(end);
      this.#watchers.delete(stream);
    });
    stream.write("retry: 2000\n\n");
    for (const second of this.#kept) stream.write(second);
    this.#watchers.add(stream);
    this.#wake();
    return stream;
  }

  /** Keeps seconds without watchers, for watchers that come later. Returns how to end that. */
  retain(): () => void {
    this.#retainers++;
    this.#wake();
    return () => void this.#retainers--;
  }

  /** Handles a message of another instance. Returns false for a message of another kind. */
  onMessage(message: string): boolean {
    const { id, now } = this.#options;
    if (message.startsWith(REQUEST)) {
      if (message.slice(REQUEST.length) !== id) {
        this.#answersUntil = now() + ANSWER_FOR_MS;
        this.#wake();
      }
      return true;
    }
    if (!message.startsWith(ANSWER)) return false;
    const second = JSON.parse(message.slice(ANSWER.length)) as InstanceSecond;
    if (second.id !== id && this.#isWatched) this.#others.set(second.id, { at: now(), second });
    return true;
  }

  /** Ends all streams, so that a shutdown does not wait for watchers. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const stream of this.#watchers) stream.end();
  }

  get #isWatched(): boolean {
    return this.#watchers.size > 0 || this.#retainers > 0;
  }

  #wake(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#options.counters.restart();
    this.#previous = null;
    this.#timer = setInterval(() => void this.#tick(), SECOND_MS).unref();
    this.#request(this.#options.now());
  }

  async #tick(): Promise<void> {
    const { counters, id, notify, now: clock } = this.#options;
    const now = clock();
    const own = counters.take(id, now);
    if (this.#answersUntil > now) notify(ANSWER + JSON.stringify(own)).catch(() => {});
    else if (!this.#isWatched) return this.#sleep();
    if (!this.#isWatched) return;
    this.#request(now);
    for (const [other, { at }] of this.#others) if (now - at > FRESH_MS) this.#others.delete(other);
    const others = [...this.#others.values()].map(({ second }) => second);
    const database = await this.#queryDatabase([own, ...others]);
    this.#write(snapshotOf(new Date(now).toISOString(), own, others, database, this.#previous));
    this.#previous = database;
  }

  #request(now: number): void {
    if (!this.#isWatched || now - this.#requestedAt < REQUEST_EVERY_MS) return;
    this.#requestedAt = now;
    // A lost request is repeated by the next one. Without the database no instance could answer.
    this.#options.notify(REQUEST + this.#options.id).catch(() => {});
  }

  /** Stops counting: no instance is watched any more. */
  #sleep(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#kept = [];
    this.#others.clear();
  }

  /** The database's part of the second; null if the database does not answer in time. */
  async #queryDatabase(all: InstanceSecond[]): Promise<DatabaseSecond | null> {
    const timeout = Promise.withResolvers<null>();
    const timer = setTimeout(() => timeout.resolve(null), DATABASE_TIMEOUT_MS);
    const result = await Promise.race([this.#readDatabase(all).catch(() => null), timeout.promise]);
    clearTimeout(timer);
    return result;
  }

  async #readDatabase(all: InstanceSecond[]): Promise<DatabaseSecond> {
    const { database } = this.#options;
    const startedAt = performance.now();
    const variantIds = [...new Set(all.flatMap(({ variants }) => variants))];
    const campaignIds = [...new Set(all.flatMap(({ campaigns }) => campaigns))];
    this.#serverVersion ??= (await database.rows<{ version: number }>(SERVER_VERSION))[0]?.version ?? 0;
    const [[remaining], [wal]] = await Promise.all([
      database.rows<Remaining>(selectRemaining(variantIds, campaignIds)),
      database.rows<{ flushes: number | null }>(selectFlushes(this.#serverVersion)),
    ]);
    return {
      tookMs: performance.now() - startedAt,
      flushes: wal?.flushes ?? null,
      stock: remaining?.stock ?? [],
      coupons: remaining?.coupons ?? [],
      rehearsal: { stock: remaining?.copiedStock ?? [], coupons: remaining?.copiedCoupons ?? [] },
    };
  }

  #write(second: MetricsSnapshot): void {
    const event = Buffer.from(`event: second\ndata: ${JSON.stringify(second)}\n\n`);
    this.#kept.push(event);
    if (this.#kept.length > MAX_SECONDS_KEPT) this.#kept.shift();
    for (const stream of this.#watchers) if (stream.writableLength < MAX_UNREAD_BYTES) stream.write(event);
  }
}
