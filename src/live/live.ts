// The shop as it sells, second by second, for whoever watches. One second is put together once, however many watch, and nothing is done while
// nobody does. Instances of one database hear from each other by NOTIFY: who watches asks, and each answers once a second for a while.

import { PassThrough, type Readable } from "node:stream";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { refuse } from "../refusal.ts";
import type { Changes } from "../till/table.ts";
import { selectFlushes, selectLeft, SERVER_VERSION } from "./live.sql.ts";
import { type MetricsSnapshot, snapshotOf, type Seen } from "./metrics-snapshot.ts";
import type { Answered, InstanceSecond, Counters } from "./counters.ts";

export type LiveOptions = {
  database: Database;
  tally: Counters;
  now: Now;
  /** What this instance is called among the others. */
  id: string;
  /** Says something to every instance. */
  tell: (message: string) => Promise<void>;
};

type Left = Pick<Seen, "stock" | "coupons"> & { copiedStock: Seen["stock"]; copiedCoupons: Seen["coupons"] };

const ASKS = "live? ";
const SAYS = "live! ";
const EVERY_MS = 1000;
/** Who watches asks so often, and is answered for so long. */
const ASK_EVERY_MS = 3000;
const ANSWERED_FOR_MS = 8000;
/** An instance that was not heard of for this long is not there. */
const FRESH_MS = 2500;
const DATABASE_PATIENCE_MS = 800;
const SECONDS_KEPT = 300;
const MOST_WATCHERS = 100;
/** Who does not read that much is left out until it does. */
const MOST_UNREAD_BYTES = 256 * 1024;

export class Live {
  readonly #options: LiveOptions;
  readonly #watchers = new Set<PassThrough>();
  readonly #heard = new Map<string, { at: number; second: InstanceSecond }>();
  /** As they were written, oldest first: whoever comes sees what was before. Bytes, so that none of them is encoded once for each watcher. */
  #kept: Buffer[] = [];
  #holds = 0;
  #answersUntil = 0;
  #askedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #before: { flushes: number | null } | null = null;
  #serverVersion: number | undefined;
  #stopped = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Whether anybody wants to know. */
  get active(): boolean {
    return this.#timer !== undefined;
  }

  answered(answer: Answered): void {
    if (this.active) this.#options.tally.answered(answer);
  }

  committed(changes: Changes): void {
    if (this.active) this.#options.tally.committed(changes, this.#options.now());
  }

  /** Server-sent events, one `second` each second, after those of the last minutes while somebody watched. Ends by itself after so many. Errors: BUSY. */
  watch(seconds: number): Readable {
    if (this.#watchers.size >= MOST_WATCHERS || this.#stopped) refuse("BUSY", { retryAfter: 5 });
    const stream = new PassThrough({ highWaterMark: MOST_UNREAD_BYTES });
    const over = setTimeout(() => stream.end(), seconds * EVERY_MS + EVERY_MS / 2);
    stream.once("close", () => {
      clearTimeout(over);
      this.#watchers.delete(stream);
    });
    stream.write("retry: 2000\n\n");
    for (const second of this.#kept) stream.write(second);
    this.#watchers.add(stream);
    this.#wake();
    return stream;
  }

  /** Keeps the seconds coming without anybody who reads them: they will be there for whoever comes later. Answers how to let go. */
  hold(): () => void {
    this.#holds++;
    this.#wake();
    return () => void this.#holds--;
  }

  /** Takes what another instance said. Answers whether it was of this kind. */
  onMessage(message: string): boolean {
    const { id } = this.#options;
    if (message.startsWith(ASKS)) {
      if (message.slice(ASKS.length) !== id) {
        this.#answersUntil = this.#options.now() + ANSWERED_FOR_MS;
        this.#wake();
      }
      return true;
    }
    if (!message.startsWith(SAYS)) return false;
    const second = JSON.parse(message.slice(SAYS.length)) as InstanceSecond;
    if (second.id !== id && this.#isWatched) this.#heard.set(second.id, { at: this.#options.now(), second });
    return true;
  }

  /** Ends every watcher's stream: a shop that closes does not wait for them. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const stream of this.#watchers) stream.end();
  }

  get #isWatched(): boolean {
    return this.#watchers.size > 0 || this.#holds > 0;
  }

  #wake(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#options.tally.restart();
    this.#before = null;
    // A shop that is otherwise done need not stay for this.
    this.#timer = setInterval(() => void this.#tick(), EVERY_MS).unref();
    this.#ask(this.#options.now());
  }

  async #tick(): Promise<void> {
    const now = this.#options.now();
    const { tally, id, tell } = this.#options;
    const own = tally.take(id, now);
    if (this.#answersUntil > now) tell(SAYS + JSON.stringify(own)).catch(() => {});
    else if (!this.#isWatched) return this.#rest();
    if (!this.#isWatched) return;
    this.#ask(now);
    for (const [other, { at }] of this.#heard) if (now - at > FRESH_MS) this.#heard.delete(other);
    const others = [...this.#heard.values()].map(({ second }) => second);
    const seen = await this.#look([own, ...others]);
    this.#write(snapshotOf(new Date(now).toISOString(), own, others, seen, this.#before));
    this.#before = seen;
  }

  #ask(now: number): void {
    if (!this.#isWatched || now - this.#askedAt < ASK_EVERY_MS) return;
    this.#askedAt = now;
    // Unheard it is asked again; without the database there is nobody to hear of.
    this.#options.tell(ASKS + this.#options.id).catch(() => {});
  }

  /** Nobody watches any more, neither here nor elsewhere. */
  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#kept = [];
    this.#heard.clear();
  }

  /** What only the database knows; null where it does not say in time. */
  async #look(all: InstanceSecond[]): Promise<Seen | null> {
    const startedAt = performance.now();
    const ids = (pick: (one: InstanceSecond) => string[]): string[] => [...new Set(all.flatMap(pick))];
    const asked = (async (): Promise<Seen> => {
      const { database } = this.#options;
      this.#serverVersion ??= (await database.rows<{ version: number }>(SERVER_VERSION))[0]?.version ?? 0;
      const [[left], [log]] = await Promise.all([
        database.rows<Left>(
          selectLeft(
            ids(({ variants }) => variants),
            ids(({ campaigns }) => campaigns),
          ),
        ),
        database.rows<{ flushes: number | null }>(selectFlushes(this.#serverVersion)),
      ]);
      return {
        tookMs: performance.now() - startedAt,
        flushes: log?.flushes ?? null,
        stock: left?.stock ?? [],
        coupons: left?.coupons ?? [],
        rehearsal: { stock: left?.copiedStock ?? [], coupons: left?.copiedCoupons ?? [] },
      };
    })().catch(() => null);
    const impatience = Promise.withResolvers<null>();
    const timer = setTimeout(() => impatience.resolve(null), DATABASE_PATIENCE_MS);
    const seen = await Promise.race([asked, impatience.promise]);
    clearTimeout(timer);
    return seen;
  }

  #write(second: MetricsSnapshot): void {
    const frame = Buffer.from(`event: second\ndata: ${JSON.stringify(second)}\n\n`);
    this.#kept.push(frame);
    if (this.#kept.length > SECONDS_KEPT) this.#kept.shift();
    for (const stream of this.#watchers) if (stream.writableLength < MOST_UNREAD_BYTES) stream.write(frame);
  }
}
