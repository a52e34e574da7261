// The line before the till: who waits, in order of arrival.

import { Refusal } from "../refusal.ts";
import type { Command } from "./command.ts";
import type { Need } from "./table.ts";

export type Waiting = {
  readonly command: Command<unknown, unknown>;
  input: unknown;
  needs: Need[];
  /** Preparing (its needs are still being read) holds the place; left means that it was answered without its turn. */
  state: "preparing" | "ready" | "left";
  readonly arrivedAt: number;
  readonly gone: () => boolean;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  turns: number;
};

export type Arrival = Pick<Waiting, "command" | "input" | "arrivedAt" | "gone" | "resolve" | "reject">;

/** A cart that changes between every reading and its locking is not waited for for ever. */
const MOST_TURNS = 5;

export class CommandQueue {
  /** Places before `#head` are empty: an order is not kept in memory for having stood in the line. */
  #waiting: (Waiting | undefined)[] = [];
  #head = 0;
  readonly #onReady: () => void;

  constructor(onReady: () => void) {
    this.#onReady = onReady;
  }

  get length(): number {
    return this.#waiting.length - this.#head;
  }

  /** When the first in the line arrived; undefined where nobody waits. */
  get since(): number | undefined {
    return this.#waiting[this.#head]?.arrivedAt;
  }

  /** Takes the last place. A command whose needs must be read first holds it meanwhile. */
  enqueue(arrival: Arrival): void {
    const one: Waiting = { ...arrival, needs: [], state: "preparing", turns: 0 };
    this.#waiting.push(one);
    this.#prepare(one);
  }

  /** Back to the front, in the order they had: their needs were no longer what had been read, and they have waited for their turn already. */
  requeue(again: Waiting[]): void {
    for (const one of again) one.turns++;
    const staying = again.filter((one) => one.turns < MOST_TURNS);
    for (const one of again) if (one.turns >= MOST_TURNS) one.reject(new Refusal("BUSY", { retryAfter: 1 }));
    this.#waiting.splice(0, this.#head, ...staying);
    this.#head = 0;
    for (const one of staying) {
      one.state = "preparing";
      this.#prepare(one);
    }
  }

  /**
   * The next round: everyone who is ready, from the front, up to `most` and their rows' worth, never passing over somebody who still
   * prepares. Who has gone is dropped, who arrived before `notBefore` is answered BUSY: both before they are decided, never after.
   * @param goes whether this crowd sets out now (`full`: it could not be larger); else it stays where it stands
   */
  take(most: number, notBefore: number, goes: (crowd: Waiting[], full: boolean) => boolean = () => true): Waiting[] {
    const crowd: Waiting[] = [];
    let weight = 0;
    let full = false;
    let end = this.#head;
    for (; end < this.#waiting.length && !full; end++) {
      const one = this.#waiting[end] as Waiting;
      if (one.state === "left") continue;
      if (one.arrivedAt <= notBefore || one.gone()) this.#leave(one, new Refusal("BUSY", { retryAfter: 1 }));
      else if (one.state === "preparing") break;
      else {
        weight += one.needs.length;
        full = crowd.length > 0 && (crowd.length >= most || weight > most * NEEDS_PER_COMMAND);
        if (full) break;
        crowd.push(one);
      }
    }
    if (crowd.length > 0 && !goes(crowd, full)) return [];
    while (this.#head < end) this.#pass();
    this.#forget();
    return crowd;
  }

  /** Answers BUSY to those at the front who arrived before `notBefore`. */
  rejectExpired(notBefore: number): void {
    for (; this.#head < this.#waiting.length; this.#pass()) {
      const one = this.#waiting[this.#head] as Waiting;
      if (one.state !== "left" && one.arrivedAt > notBefore) break;
      one.reject(new Refusal("BUSY", { retryAfter: 1 }));
    }
    this.#forget();
  }

  #pass(): void {
    this.#waiting[this.#head++] = undefined;
  }

  /** Lets go of the places of those who have left the line, at a price that does not grow with it. */
  #forget(): void {
    if (this.#head < this.#waiting.length && (this.#head <= 1024 || this.#head * 2 <= this.#waiting.length)) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }

  #prepare(one: Waiting): void {
    try {
      const prepared = one.command.prepare ? one.command.prepare(one.input) : one.input;
      if (prepared instanceof Promise) void this.#prepareLater(one, prepared);
      else this.#ready(one, prepared);
    } catch (error) {
      this.#leave(one, error);
    }
  }

  async #prepareLater(one: Waiting, prepared: Promise<unknown>): Promise<void> {
    try {
      this.#ready(one, await prepared);
    } catch (error) {
      this.#leave(one, error);
    }
    this.#onReady();
  }

  #ready(one: Waiting, input: unknown): void {
    one.input = input;
    one.needs = one.command.needs(input);
    one.state = "ready";
  }

  #leave(one: Waiting, error: unknown): void {
    one.state = "left";
    one.reject(error);
  }
}

/** A round of orders with many lines is cut short, so that one wholesaler does not make a thousand shoppers wait. */
const NEEDS_PER_COMMAND = 16;
