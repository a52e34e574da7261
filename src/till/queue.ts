// Commands that wait for a round, in order of arrival.

import { Refusal } from "../refusal.ts";
import type { Command } from "./command.ts";
import type { Need } from "./table.ts";

export type QueuedCommand = {
  readonly command: Command<unknown, unknown>;
  input: unknown;
  needs: Need[];
  /**
   * `preparing`: the needs are still being read, and the command keeps its place. `left`: it was
   * answered without being decided.
   */
  state: "preparing" | "ready" | "left";
  readonly arrivedAt: number;
  readonly gone: () => boolean;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** How often its needs had changed by the time that it was decided. */
  requeues: number;
  /** The command's place in a trace; undefined without tracing. */
  readonly trace?: unknown;
};

export type Arrival = Pick<QueuedCommand, "command" | "input" | "arrivedAt" | "gone" | "resolve" | "reject" | "trace">;

/** Bounds the retries for a cart that changes each time between its reading and its locking. */
const MAX_REQUEUES = 5;
/**
 * A round of orders with many line items is cut short, so that one wholesaler does not delay a
 * thousand shoppers.
 */
const NEEDS_PER_COMMAND = 16;

export class CommandQueue {
  /** Places before `#head` are empty, so that served commands can be collected as garbage. */
  #entries: (QueuedCommand | undefined)[] = [];
  #head = 0;
  readonly #onReady: () => void;

  /** @param onReady called when a command that had to read its needs is ready, or has failed */
  constructor(onReady: () => void) {
    this.#onReady = onReady;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** When the first command in the queue arrived, or undefined if the queue is empty. */
  get since(): number | undefined {
    return this.#entries[this.#head]?.arrivedAt;
  }

  /** Appends a command. It keeps this place while its needs are being read. */
  enqueue(arrival: Arrival): void {
    const queued: QueuedCommand = { ...arrival, needs: [], state: "preparing", requeues: 0 };
    this.#entries.push(queued);
    this.#prepare(queued);
  }

  /**
   * Puts commands whose needs had changed back to the front, in their order, because they have
   * waited for a round already. After too many retries a command is answered BUSY.
   */
  requeue(commands: QueuedCommand[]): void {
    for (const queued of commands) queued.requeues++;
    const staying = commands.filter((queued) => queued.requeues < MAX_REQUEUES);
    for (const queued of commands) if (queued.requeues >= MAX_REQUEUES) queued.reject(new Refusal("BUSY", { retryAfter: 1 }));
    this.#entries.splice(0, this.#head, ...staying);
    this.#head = 0;
    for (const queued of staying) {
      queued.state = "preparing";
      this.#prepare(queued);
    }
  }

  /**
   * Takes the commands of the next round: all that are ready, from the front, up to `most` commands
   * and their share of rows. Never skips a command that is still preparing. A command that arrived
   * before `notBefore` or whose caller has gone is answered BUSY: before it is decided, never
   * after.
   * @param mayStart decides whether this batch starts now; if not, it stays in the queue. `full`:
   * the batch cannot grow
   */
  take(most: number, notBefore: number, mayStart: (batch: QueuedCommand[], full: boolean) => boolean = () => true): QueuedCommand[] {
    const batch: QueuedCommand[] = [];
    let weight = 0;
    let full = false;
    let end = this.#head;
    for (; end < this.#entries.length && !full; end++) {
      const queued = this.#entries[end] as QueuedCommand;
      if (queued.state === "left") continue;
      if (queued.arrivedAt <= notBefore || queued.gone()) this.#leave(queued, new Refusal("BUSY", { retryAfter: 1 }));
      else if (queued.state === "preparing") break;
      else {
        weight += queued.needs.length;
        full = batch.length > 0 && (batch.length >= most || weight > most * NEEDS_PER_COMMAND);
        if (full) break;
        batch.push(queued);
      }
    }
    if (batch.length > 0 && !mayStart(batch, full)) return [];
    while (this.#head < end) this.#removeFirst();
    this.#compact();
    return batch;
  }

  /** Answers BUSY to the commands at the front that arrived before `notBefore`. */
  rejectExpired(notBefore: number): void {
    for (; this.#head < this.#entries.length; this.#removeFirst()) {
      const queued = this.#entries[this.#head] as QueuedCommand;
      if (queued.state !== "left" && queued.arrivedAt > notBefore) break;
      queued.reject(new Refusal("BUSY", { retryAfter: 1 }));
    }
    this.#compact();
  }

  #removeFirst(): void {
    this.#entries[this.#head++] = undefined;
  }

  /** Frees the empty places before the head, in amortized constant time. */
  #compact(): void {
    if (this.#head < this.#entries.length && (this.#head <= 1024 || this.#head * 2 <= this.#entries.length)) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }

  #prepare(queued: QueuedCommand): void {
    try {
      const prepared = queued.command.prepare ? queued.command.prepare(queued.input) : queued.input;
      if (prepared instanceof Promise) void this.#prepareLater(queued, prepared);
      else this.#ready(queued, prepared);
    } catch (error) {
      this.#leave(queued, error);
    }
  }

  async #prepareLater(queued: QueuedCommand, prepared: Promise<unknown>): Promise<void> {
    try {
      this.#ready(queued, await prepared);
    } catch (error) {
      this.#leave(queued, error);
    }
    this.#onReady();
  }

  #ready(queued: QueuedCommand, input: unknown): void {
    queued.input = input;
    queued.needs = queued.command.needs(input);
    queued.state = "ready";
  }

  #leave(queued: QueuedCommand, error: unknown): void {
    queued.state = "left";
    queued.reject(error);
  }
}
