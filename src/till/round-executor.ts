// Executes a round: locks its rows, decides its commands, commits, and answers the callers. It
// retries, bisects or rejects the commands when the store fails.

import { randomUUID } from "node:crypto";
import { LockTimeout } from "../lock/lock.ts";
import { Refusal } from "../refusal.ts";
import type { Clock } from "./clock.ts";
import { decide, needsOf, type Outcome } from "./decide.ts";
import type { QueuedCommand } from "./queue.ts";
import type { Round } from "./round.ts";
import { Conflict, LostCommit, type OpenRound, type Store, StoreUnavailable } from "./store.ts";
import type { Changes } from "./table.ts";

export type RoundExecutorOptions = {
  store: Store;
  clock: Clock;
  /** How long the outcome of a lost COMMIT is looked up, in ms. */
  waitMs: number;
  /** Adds rows to the journals of a round before its changes are written. */
  complete?: ((changes: Changes, now: number) => void) | undefined;
  onCommit: (changes: Changes) => void;
  onFault: (command: string, error: unknown) => void;
  /** Called when a round holds its locks at the first try, so that the next round may start. */
  onLocked: () => void;
  onRetry: () => void;
  /** Puts commands whose needs have changed back into the queue. */
  requeue: (commands: QueuedCommand[]) => void;
};

const MAX_CONFLICTS = 5;
const UNAVAILABLE_PAUSE_MS = 50;
/**
 * Both halves of a round that has waited for a locked row wait only this long, to find the command
 * that needs the row.
 */
const BISECTED_LOCK_WAIT_MS = 50;
/**
 * A store's clock this far behind an earlier round was wrong then, and is followed. A smaller step
 * back is waited out.
 */
const CORRECTED_CLOCK_MS = 60_000;

export class RoundExecutor {
  readonly #options: RoundExecutorOptions;
  /** The instant of the latest round. */
  #latest = 0;

  constructor(options: RoundExecutorOptions) {
    this.#options = options;
  }

  /** Resolves when every command of the round is answered or back in the queue. Never rejects. */
  async execute(round: Round): Promise<void> {
    try {
      await this.#attempt(round, round.commands);
    } catch (error) {
      this.#fault("a round", error);
      rejectAll(round.commands, error);
    }
  }

  /**
   * Tries some commands of a round until the outcome of each is known. Errors of the store are
   * handled here.
   */
  async #attempt(round: Round, commands: QueuedCommand[]): Promise<void> {
    const { clock, onRetry } = this.#options;
    for (let tries = 1; ; tries++) {
      let outcomes: Outcome[];
      try {
        outcomes = await this.#decideAndCommit(round, commands);
      } catch (error) {
        onRetry();
        round.retry();
        if (error instanceof PredecessorRetrying) await round.predecessorsDone();
        else if (error instanceof Conflict && tries < MAX_CONFLICTS) await clock.pause(clock.random() * 2 ** tries);
        else if (error instanceof StoreUnavailable && clock.elapsedMs() < round.deadline) await clock.pause(UNAVAILABLE_PAUSE_MS);
        else if (error instanceof StoreUnavailable || error instanceof OutcomeUnknown)
          return rejectAll(commands, new Refusal("UNAVAILABLE", { retryAfter: 1 }));
        else if (commands.length > 1) return this.#bisect(round, commands, error);
        else return this.#rejectSingle(commands, error);
        continue;
      }
      // Outside the try: a committed round must not be executed again, whatever fails from here on.
      return this.#answer(commands, outcomes);
    }
  }

  /**
   * Retries each half by itself, in order, until the command that the database rejects is alone.
   * The others succeed.
   */
  async #bisect(round: Round, commands: QueuedCommand[], error: unknown): Promise<void> {
    if (error instanceof LockTimeout) round.lockWaitMs = Math.min(round.lockWaitMs, BISECTED_LOCK_WAIT_MS);
    const middle = commands.length >> 1;
    await this.#attempt(round, commands.slice(0, middle));
    await this.#attempt(round, commands.slice(middle));
  }

  #rejectSingle([failed]: QueuedCommand[], error: unknown): void {
    if (!(error instanceof LockTimeout)) this.#fault(failed?.command.name ?? "", error);
    failed?.reject(error instanceof LockTimeout || error instanceof Conflict ? busy(1000) : error);
  }

  /**
   * Locks, decides, writes. Errors: the store's, PredecessorRetrying, OutcomeUnknown. Only the last
   * may have written anything.
   */
  async #decideAndCommit(round: Round, commands: QueuedCommand[]): Promise<Outcome[]> {
    const open = await this.#options.store.lock(needsOf(commands), round.lockWaitMs);
    if (round.locked()) this.#options.onLocked();
    if (!(await round.mayDecide())) {
      open.release();
      throw new PredecessorRetrying();
    }
    const now = this.#instantOf(open);
    const { outcomes, changes } = decide(commands, open.loaded, now);
    if (changes) {
      this.#options.complete?.(changes, now);
      await this.#commit(open, changes);
    } else open.release();
    return outcomes;
  }

  /**
   * Never before the previous round: the store's clock may be stepped back a little, or another
   * server may take over.
   */
  #instantOf({ now }: OpenRound): number {
    this.#latest = now < this.#latest - CORRECTED_CLOCK_MS ? now : Math.max(now, this.#latest);
    return this.#latest;
  }

  /** A lost response to COMMIT is not a failure: the outcome is looked up first. */
  async #commit(open: OpenRound, changes: Changes): Promise<void> {
    const roundId = randomUUID();
    try {
      await open.commit(roundId, changes);
    } catch (error) {
      if (!(error instanceof LostCommit)) throw error;
      if ((await this.#outcome(roundId)) === "abandoned") throw new StoreUnavailable("the connection was lost before the round was committed");
    }
    try {
      this.#options.onCommit(changes);
    } catch (error) {
      this.#fault("after the commit", error);
    }
  }

  async #outcome(roundId: string): Promise<"committed" | "abandoned"> {
    const { store, clock, waitMs } = this.#options;
    const deadline = clock.elapsedMs() + waitMs;
    for (;;) {
      try {
        return await store.outcome(roundId);
      } catch {
        if (clock.elapsedMs() >= deadline) throw new OutcomeUnknown();
        await clock.pause(UNAVAILABLE_PAUSE_MS);
      }
    }
  }

  #answer(commands: QueuedCommand[], outcomes: Outcome[]): void {
    this.#options.requeue(commands.filter((_, i) => outcomes[i]?.kind === "again"));
    for (const [i, queued] of commands.entries()) {
      const outcome = outcomes[i] as Outcome;
      if (outcome.kind === "answer") queued.resolve(outcome.answer);
      if (outcome.kind !== "error") continue;
      if (!(outcome.error instanceof Refusal)) this.#fault(queued.command.name, outcome.error);
      queued.reject(outcome.error);
    }
  }

  /** A listener that throws must not break the till. */
  #fault(command: string, error: unknown): void {
    try {
      this.#options.onFault(command, error);
    } catch {}
  }
}

/** A BUSY refusal whose `retryAfter` is the expected wait. */
export function busy(expectedMs: number): Refusal {
  return new Refusal("BUSY", { retryAfter: Math.max(1, Math.ceil(expectedMs / 1000)) });
}

/**
 * A predecessor lost its rows and has to lock them again: this round releases them and lets it
 * pass.
 */
class PredecessorRetrying extends Error {}

/**
 * The outcome of COMMIT stayed unknown. The round must not be retried; its callers must ask later.
 */
class OutcomeUnknown extends Error {}

function rejectAll(commands: QueuedCommand[], error: unknown): void {
  for (const queued of commands) queued.reject(error);
}
