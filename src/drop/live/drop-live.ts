// The stream that the pages of a drop follow: at most one event a second, the same for all listeners, and at once when the drop opens or sells out.
// A drop is read once for all listeners of this instance, and only while there are any.

import type { Now } from "../../database/clock.ts";
import { Broadcast } from "../../http/broadcast.ts";
import { refuse } from "../../refusal.ts";
import type { DropRow } from "../drop.sql.ts";
import { dropView } from "../drop-view.ts";

export type DropLiveOptions = {
  /** A drop with its figures as committed, from memory if possible. */
  read: (dropId: string) => Promise<DropRow | null>;
  now: Now;
  onError: (error: unknown) => void;
};

type Watched = {
  broadcast: Broadcast;
  /** The last event without its time, and its status. */
  last: { text: string; status: string; at: number } | undefined;
  /** When the next ordinary event may be sent, by the monotonic clock. */
  dueAt: number;
  reading: boolean;
  again: boolean;
  timer: NodeJS.Timeout | undefined;
};

const SECOND_MS = 1000;
/** An event is repeated after this time without a change, so that proxies and pages know that the connection works. */
const HEARTBEAT_MS = 15_000;
/** Events take at most this share of a core: with very many listeners they come less often than once a second. */
const MAX_SHARE = 0.04;
const MAX_PAUSE_MS = 5000;
/** While changes come in, a drop is looked at this often, to notice at once that it is sold out. */
const LOOK_MS = 200;

export class DropLive {
  readonly #options: DropLiveOptions;
  readonly #watched = new Map<string, Watched>();
  #stopped = false;

  constructor(options: DropLiveOptions) {
    this.#options = options;
  }

  /** The stream of a drop, begun with its current state. The caller lets a listener join. Errors: BUSY while the shop stops. */
  async watch(dropId: string): Promise<Broadcast> {
    if (this.#stopped) refuse("BUSY", { retryAfter: 5 });
    const known = this.#watched.get(dropId);
    if (known) return known.broadcast;
    const watched: Watched = { broadcast: new Broadcast(), last: undefined, dueAt: 0, reading: false, again: false, timer: undefined };
    this.#watched.set(dropId, watched);
    watched.broadcast.onEmpty = () => this.#forget(dropId, watched);
    await this.#look(dropId, watched);
    return watched.broadcast;
  }

  /** Drops or stock were changed, in whatever instance. */
  changed(): void {
    for (const [dropId, watched] of this.#watched) this.#lookIn(dropId, watched, LOOK_MS);
  }

  /** Ends all streams. */
  stop(): void {
    this.#stopped = true;
    for (const [dropId, watched] of this.#watched) {
      watched.broadcast.end();
      this.#forget(dropId, watched);
    }
  }

  #forget(dropId: string, watched: Watched): void {
    clearTimeout(watched.timer);
    if (this.#watched.get(dropId) === watched) this.#watched.delete(dropId);
  }

  /** Looks at the drop in `ms`, or earlier if that is planned already. */
  #lookIn(dropId: string, watched: Watched, ms: number): void {
    const planned: (NodeJS.Timeout & { at?: number }) | undefined = watched.timer;
    const at = performance.now() + ms;
    if (planned?.at !== undefined && planned.at <= at) return;
    clearTimeout(planned);
    const timer: NodeJS.Timeout & { at?: number } = setTimeout(() => {
      watched.timer = undefined;
      void this.#look(dropId, watched);
    }, ms).unref();
    timer.at = at;
    watched.timer = timer;
  }

  /** Reads the drop and sends its changes, if an event may be sent now. */
  async #look(dropId: string, watched: Watched): Promise<void> {
    if (watched.reading) return void (watched.again = true);
    watched.reading = true;
    watched.again = false;
    try {
      const drop = await this.#options.read(dropId);
      if (drop) await this.#tell(drop, watched);
      this.#plan(dropId, watched, drop);
    } catch (error) {
      this.#options.onError(error);
      this.#plan(dropId, watched, null);
    } finally {
      watched.reading = false;
    }
  }

  /** When to look again: at the next second, when the drop opens, or soon if it has changed since the reading. */
  #plan(dropId: string, watched: Watched, drop: DropRow | null): void {
    if (this.#stopped || this.#watched.get(dropId) !== watched) return;
    const untilOpen = drop ? drop.opensAt - this.#options.now() : Number.POSITIVE_INFINITY;
    const untilDue = Math.max(SECOND_MS / 10, Math.min(SECOND_MS, watched.dueAt - performance.now()));
    this.#lookIn(dropId, watched, Math.min(watched.again ? LOOK_MS : untilDue, untilOpen > 0 ? untilOpen : Number.POSITIVE_INFINITY));
  }

  async #tell(drop: DropRow, watched: Watched): Promise<void> {
    const now = this.#options.now();
    const { status, remaining, entries, called, serverTime } = dropView(drop, drop, now);
    const text = JSON.stringify({ status, remaining, entries, called });
    const { last } = watched;
    const clock = performance.now();
    const opensOrSellsOut = last !== undefined && status !== last.status;
    const due = clock >= watched.dueAt && (text !== last?.text || clock - last.at >= HEARTBEAT_MS);
    if (!due && !opensOrSellsOut) return;
    watched.last = { text, status, at: clock };
    watched.dueAt = clock + SECOND_MS;
    const tookMs = await watched.broadcast.send(`${text.slice(0, -1)},"serverTime":"${serverTime}"}`);
    watched.dueAt = clock + Math.min(MAX_PAUSE_MS, Math.max(SECOND_MS, tookMs / MAX_SHARE));
  }
}
