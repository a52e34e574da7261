// The line before the till: who waits, in order of arrival.

import { Refusal } from "../refusal.ts";
import type { Command } from "./command.ts";
import type { Need } from "./shelf.ts";

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

/** A cart that changes between every reading and its locking is not waited for for ever. */
const MOST_TURNS = 5;

export class Line {
  #waiting: Waiting[] = [];
  #head = 0;
  readonly #onReady: () => void;

  constructor(onReady: () => void) {
    this.#onReady = onReady;
  }

  get length(): number {
    return this.#waiting.length - this.#head;
  }

  /** Takes the last place. A command whose needs must be read first holds it meanwhile. */
  join(command: Command<unknown, unknown>, input: unknown, arrivedAt: number, gone: () => boolean, resolve: (answer: unknown) => void, reject: (error: unknown) => void): void {
    const one: Waiting = { command, input, needs: [], state: "preparing", arrivedAt, gone, resolve, reject, turns: 0 };
    this.#waiting.push(one);
    this.#prepare(one);
  }

  /** Back to the front: its needs were no longer what had been read, and it has waited for its turn already. */
  rejoin(one: Waiting): void {
    if (++one.turns >= MOST_TURNS) return one.reject(new Refusal("BUSY", { retryAfter: 1 }));
    one.state = "preparing";
    if (this.#head > 0) this.#waiting[--this.#head] = one;
    else this.#waiting.unshift(one);
    this.#prepare(one);
  }

  /**
   * The next round: everyone who is ready, from the front, up to `most` rows' worth, never passing over somebody who still prepares.
   * Who has gone is dropped, who arrived before `notBefore` is answered BUSY: both before they are decided, never after.
   */
  take(most: number, notBefore: number): Waiting[] {
    const round: Waiting[] = [];
    let weight = 0;
    for (; this.#head < this.#waiting.length; this.#head++) {
      const one = this.#waiting[this.#head] as Waiting;
      if (one.state === "left") continue;
      if (one.gone()) one.reject(new Refusal("BUSY", { retryAfter: 1 }));
      else if (one.arrivedAt < notBefore) one.reject(new Refusal("BUSY", { retryAfter: 1 }));
      else if (one.state === "preparing") break;
      else {
        weight += one.needs.length;
        if (round.length > 0 && (round.length >= most || weight > most * NEEDS_PER_COMMAND)) break;
        round.push(one);
      }
    }
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return round;
  }

  #prepare(one: Waiting): void {
    try {
      const prepared = one.command.prepare ? one.command.prepare(one.input) : one.input;
      if (prepared instanceof Promise) prepared.then((input: unknown) => this.#ready(one, input), (error: unknown) => this.#leave(one, error));
      else this.#ready(one, prepared, true);
    } catch (error) {
      this.#leave(one, error);
    }
  }

  #ready(one: Waiting, input: unknown, atOnce = false): void {
    one.input = input;
    one.needs = one.command.needs(input);
    one.state = "ready";
    if (!atOnce) this.#onReady();
  }

  #leave(one: Waiting, error: unknown): void {
    one.state = "left";
    one.reject(error);
    this.#onReady();
  }
}

/** A round of orders with many lines is cut short, so that one wholesaler does not make a thousand shoppers wait. */
const NEEDS_PER_COMMAND = 16;
