// The till. Everything that moves money, stock or coupons is a command, and commands queue here. A free till takes everyone
// who is waiting and serves them in one round: lock their rows, decide one after the other in order of arrival, save, commit, answer.
// While a round is at the database the next crowd gathers, so a round is as large as the load makes it: alone, a buyer waits for
// nobody; in a rush, hundreds share one flush of the disk. There is no timer and nothing to tune.

import { randomUUID } from "node:crypto";
import { Refusal } from "../refusal.ts";
import type { Command } from "./command.ts";
import { Line, type Waiting } from "./line.ts";
import { Pace } from "./pace.ts";
import type { Changes, Need } from "./shelf.ts";
import { Conflict, LockTimeout, LostCommit, type OpenRound, RoundRejected, type Store, StoreUnavailable } from "./store.ts";
import { NeedsChanged, WorkingSet } from "./working-set.ts";

export type TillOptions = {
  store: Store;
  /** How long a command may wait, for its turn and for a row that another holds, before it is answered BUSY. */
  waitMs: number;
  /** Rounds that may be under way at once. */
  lanes?: number;
  /** Most commands in a round. */
  roundSize?: number;
  now?: () => number;
  /** Told of each committed round before anyone in it is answered: caches let go of what it changed. */
  onCommit?: (changes: Changes) => void;
  /** Told of what should never happen: a decision that broke, a command that the database would not take. */
  onFault?: (command: string, error: unknown) => void;
};

const CONFLICT_TRIES = 5;
const UNAVAILABLE_PAUSE_MS = 50;

export class Till {
  readonly #store: Store;
  readonly #options: Required<Omit<TillOptions, "store">>;
  readonly #line: Line;
  readonly #pace = new Pace();
  #freeLanes: number;
  /** Rounds that do not hold their locks yet, or no longer: until they do nobody may set out behind them, lest they overtake. */
  readonly #unlocked = new Set<Waiting[]>();
  /** Rounds and commands served, and how many per round, for the metrics. */
  readonly served = { rounds: 0, commands: 0, largest: 0, retries: 0 };

  constructor({ store, ...options }: TillOptions) {
    this.#store = store;
    this.#options = { lanes: 2, roundSize: 512, now: Date.now, onCommit: () => {}, onFault: () => {}, ...options };
    this.#freeLanes = this.#options.lanes;
    this.#line = new Line(() => this.#callNext());
  }

  /** Commands that wait for their turn. */
  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Queues a command in order of arrival and answers when its round is on disk.
   * `gone` is asked when its turn comes: a caller who has left is not served.
   * Errors: Refusal, by the command's own rules; BUSY when the wait would be too long; UNAVAILABLE when the database can't be
   * reached or nobody could find out whether it committed.
   */
  submit<Input, Answer>(command: Command<Input, Answer>, input: Input, gone: () => boolean = () => false): Promise<Answer> {
    const expectedMs = this.#pace.expectedMs(this.#line.length);
    if (expectedMs > this.#options.waitMs) return Promise.reject(busy(expectedMs));
    return new Promise<Answer>((resolve, reject) => {
      this.#line.join(command as Command<unknown, unknown>, input, this.#options.now(), gone, resolve as (answer: unknown) => void, reject);
      this.#callNext();
    });
  }

  #callNext(): void {
    while (this.#freeLanes > 0 && this.#unlocked.size === 0) {
      const round = this.#line.take(this.#options.roundSize, this.#options.now() - this.#options.waitMs);
      if (round.length === 0) return;
      this.#freeLanes--;
      this.#unlocked.add(round);
      void this.#serve(round).finally(() => {
        this.#freeLanes++;
        this.#callNext();
      });
    }
  }

  async #serve(round: Waiting[]): Promise<void> {
    const startedAt = performance.now();
    // The next crowd may send for its rows as soon as this round holds its own: from then on nobody can overtake it.
    const locked = (): void => {
      this.#unlocked.delete(round);
      this.#callNext();
    };
    try {
      await this.#attempt(round, locked, round);
    } catch (error) {
      for (const one of round) one.reject(error);
      this.#options.onFault("round", error);
    }
    this.#unlocked.delete(round);
    this.#pace.served(round.length, performance.now() - startedAt);
    this.served.rounds++;
    this.served.commands += round.length;
    this.served.largest = Math.max(this.served.largest, round.length);
  }

  /** One round, tried until it is known what became of it. Never throws for what the database did. */
  async #attempt(round: Waiting[], locked: () => void, whole: Waiting[]): Promise<void> {
    const deadline = this.#options.now() + this.#options.waitMs;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(round, locked);
      } catch (error) {
        this.served.retries++;
        this.#unlocked.add(whole); // Whoever came later waits until this round's commands are settled.
        if (error instanceof Conflict && tries < CONFLICT_TRIES) await pause(Math.random() * 2 ** tries);
        else if (error instanceof StoreUnavailable && this.#options.now() < deadline) await pause(UNAVAILABLE_PAUSE_MS);
        else if (error instanceof StoreUnavailable || error instanceof OutcomeUnknown) return rejectAll(round, new Refusal("UNAVAILABLE", { retryAfter: 1 }));
        else if (round.length > 1) return this.#halves(round, whole);
        else return this.#alone(round, error);
      }
    }
  }

  /** One bad command must not hurt its neighbours: each half is a round of its own, in order, until the culprit stands alone. */
  async #halves(round: Waiting[], whole: Waiting[]): Promise<void> {
    const middle = round.length >> 1;
    const stillAhead = (): void => {};
    await this.#attempt(round.slice(0, middle), stillAhead, whole);
    await this.#attempt(round.slice(middle), stillAhead, whole);
  }

  #alone([culprit]: Waiting[], error: unknown): void {
    if (error instanceof LockTimeout || error instanceof Conflict) return culprit?.reject(busy(1000));
    this.#options.onFault(culprit?.command.name ?? "", error);
    culprit?.reject(error);
  }

  /** Lock, decide, save, answer. Errors: the store's, all of them meaning that nothing was written. */
  async #once(round: Waiting[], locked: () => void): Promise<void> {
    const needs = round.flatMap((one) => one.needs);
    const open = await this.#store.lock(needs);
    locked();
    const { outcomes, changes } = this.#decide(round, needs, open);
    if (changes) {
      await this.#commit(randomUUID(), open, changes);
      this.#options.onCommit(changes);
    } else open.release();
    round.forEach((one, i) => this.#tell(one, outcomes[i] as Outcome));
  }

  /** Pure: every command in order of arrival, each seeing what the ones before it did. */
  #decide(round: Waiting[], needs: Need[], open: OpenRound): { outcomes: Outcome[]; changes: Changes | undefined } {
    const shop = new WorkingSet(needs, open.loaded, this.#options.now());
    const outcomes = round.map(({ command, input }): Outcome => {
      try {
        const answer = command.decide(shop, input);
        shop.keep();
        return { kind: "answer", answer };
      } catch (error) {
        shop.drop();
        return { kind: error instanceof NeedsChanged ? "again" : "error", error };
      }
    });
    return { outcomes, changes: shop.changes() };
  }

  /** A lost answer to COMMIT is not a failure: find out, and only then go on. */
  async #commit(roundId: string, open: OpenRound, changes: Changes): Promise<void> {
    try {
      await open.commit(roundId, changes);
    } catch (error) {
      if (!(error instanceof LostCommit)) throw error;
      if ((await this.#outcome(roundId)) === "abandoned") throw new Conflict("the round was lost before it was committed");
    }
  }

  async #outcome(roundId: string): Promise<"committed" | "abandoned"> {
    const deadline = this.#options.now() + this.#options.waitMs;
    for (;;) {
      try {
        return await this.#store.outcome(roundId);
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || this.#options.now() >= deadline) throw new OutcomeUnknown();
        await pause(UNAVAILABLE_PAUSE_MS);
      }
    }
  }

  #tell(one: Waiting, outcome: Outcome): void {
    if (outcome.kind === "answer") return one.resolve(outcome.answer);
    if (outcome.kind === "again") return this.#line.rejoin(one);
    if (!(outcome.error instanceof Refusal)) this.#options.onFault(one.command.name, outcome.error);
    one.reject(outcome.error);
  }
}

type Outcome = { kind: "answer"; answer: unknown } | { kind: "again" | "error"; error: unknown };

/** Nobody can say whether the round was committed: it must not be tried again, and its callers must ask later. */
class OutcomeUnknown extends Error {}

function busy(expectedMs: number): Refusal {
  return new Refusal("BUSY", { retryAfter: Math.max(1, Math.ceil(expectedMs / 1000)) });
}

function rejectAll(round: Waiting[], error: unknown): void {
  for (const one of round) one.reject(error);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
