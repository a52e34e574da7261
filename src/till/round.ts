// A running round and its order among the other running rounds. With concurrency a round locks its
// rows while its predecessor still commits. Row locks keep the two in order, but only while the
// predecessor succeeds: when it fails, it releases its rows and has to lock them again. A successor
// that got those rows in between must release them and retry, too.

import type { QueuedCommand } from "./queue.ts";

export class Round {
  readonly commands: QueuedCommand[];
  /**
   * When the round stops waiting for an unavailable database, on the clock that measures waiting.
   */
  readonly deadline: number;
  /** The longest wait for a row lock, in ms. */
  lockWaitMs: number;
  /** No round may start behind one that does not hold its rows: it would overtake it. */
  holdsLocks = false;
  #settled = false;
  #retried = false;
  /**
   * Empty once the round is settled. Otherwise rounds that overlap without a gap would keep all
   * earlier ones in memory, with their commands.
   */
  #predecessors: Round[];
  readonly #firstTry = Promise.withResolvers<"settled" | "retried">();
  readonly #end = Promise.withResolvers<void>();
  #keys: Set<string> | undefined;

  constructor(commands: QueuedCommand[], predecessors: Iterable<Round>, deadline: number, lockWaitMs: number) {
    this.commands = commands;
    this.#predecessors = [...predecessors];
    this.deadline = deadline;
    this.lockWaitMs = lockWaitMs;
  }

  /**
   * Notes that the rows are locked, and tells whether the next round may start: only after a first
   * try.
   */
  locked(): boolean {
    return (this.holdsLocks = !this.#retried);
  }

  /**
   * Notes that the round has to retry: conflicting successors let it pass, and no round starts
   * until it is settled.
   */
  retry(): void {
    this.#retried = true;
    this.holdsLocks = false;
    this.#firstTry.resolve("retried");
  }

  /** Notes that the outcome of each command is known. */
  settle(): void {
    this.#settled = true;
    this.#predecessors = [];
    this.#firstTry.resolve("settled");
    this.#end.resolve();
  }

  /**
   * Waits for the predecessors that this round conflicts with. Resolves with false if one of them
   * has to retry.
   */
  async mayDecide(): Promise<boolean> {
    for (const other of this.#predecessors) if (this.#waitsFor(other) && (await other.#firstTry.promise) === "retried") return false;
    return true;
  }

  /** Resolves when all predecessors are settled. */
  async predecessorsDone(): Promise<void> {
    for (const other of this.#predecessors) await other.#end.promise;
  }

  /** Tells whether any of these commands needs a row of this round. */
  conflictsWith(commands: readonly QueuedCommand[]): boolean {
    return commands.some(({ needs }) => needs.some(({ key }) => this.#needsKey(key)));
  }

  #waitsFor(other: Round): boolean {
    return !other.#settled && other.conflictsWith(this.commands);
  }

  #needsKey(key: string): boolean {
    if (!this.#keys) {
      this.#keys = new Set();
      for (const { needs } of this.commands) for (const need of needs) this.#keys.add(need.key);
    }
    return this.#keys.has(key);
  }
}
