// The till. Everything that moves money, stock or coupons is a command, and commands queue here. A free till takes everyone
// who is waiting and serves them in one round: lock their rows, decide one after the other in order of arrival, save, commit, answer.
// While a round is at the database the next crowd gathers, so a round is as large as the load makes it: alone, a buyer waits for
// nobody; in a rush, hundreds share one flush of the disk. Nobody waits for a timer, and there is nothing to tune.

import { randomUUID } from "node:crypto";
import { Refusal } from "../refusal.ts";
import { type Clock, realClock } from "./clock.ts";
import type { Command } from "./command.ts";
import { decide, type Outcome } from "./decide.ts";
import { AdmissionControl } from "./admission.ts";
import { CommandQueue, type Waiting } from "./queue.ts";
import { ThroughputEstimate } from "./throughput.ts";
import { Round } from "./round.ts";
import type { Changes } from "./table.ts";
import { Conflict, LockTimeout, LostCommit, type OpenRound, type Store, StoreUnavailable } from "./store.ts";

export type TillOptions = {
  store: Store;
  /** How long a command may wait, for its turn and for a row that another holds, before it is answered BUSY. */
  waitMs: number;
  /** Rounds that may be under way at once. */
  concurrency?: number;
  /** Most commands in a round. */
  roundSize?: number;
  clock?: Clock;
  /** Told of each committed round before anyone in it is answered: caches let go of what it changed. */
  onCommit?: (changes: Changes) => void;
  /** Told of what should never happen: a decision that broke, a command that the database would not take. */
  onFault?: (command: string, error: unknown) => void;
};

const CONFLICT_TRIES = 5;
const UNAVAILABLE_PAUSE_MS = 50;
/** A crowd that has waited for a row long enough looks for the one who needs it without waiting again. */
const BISECTED_LOCK_WAIT_MS = 50;
/** A store's clock that is this far behind an earlier round was wrong then, and is followed. A smaller step back is waited out. */
const CORRECTED_CLOCK_MS = 60_000;

export class Till {
  readonly #store: Store;
  readonly #options: Required<Omit<TillOptions, "store" | "clock">>;
  readonly #clock: Clock;
  readonly #queue = new CommandQueue(() => this.#startRounds());
  readonly #throughput = new ThroughputEstimate();
  readonly #admission: AdmissionControl;
  /** Rounds under way, in the order in which they set out. */
  readonly #running = new Set<Round>();
  #deadlineTimerSet = false;
  /** The instant of the latest round. */
  #latest = 0;
  /** The crowd at the front of the line waits for a round under way to end: nobody needs to look at it again before. */
  #waitingForRunningRound = false;
  readonly #largeBatch: number;
  /** Rounds and commands served, and how many per round, for the metrics. */
  readonly served = { rounds: 0, commands: 0, largest: 0, retries: 0 };

  constructor({ store, clock = realClock, ...options }: TillOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#options = { concurrency: 2, roundSize: 512, onCommit: () => {}, onFault: () => {}, ...options };
    this.#largeBatch = this.#options.roundSize / 2;
    this.#admission = new AdmissionControl(options.waitMs);
  }

  /** Commands that wait for their turn. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** BUSY, where somebody who comes now would wait too long, or is one too many of those who keep coming. */
  rejectIfOverloaded(): Refusal | undefined {
    const expectedMs = this.#throughput.expectedMs(this.#queue.length);
    return this.#admission.admits(expectedMs, this.#clock.elapsedMs(), this.#throughput.smallRoundMs) ? undefined : busy(expectedMs);
  }

  /**
   * Queues a command in order of arrival and answers when its round is on disk.
   * `gone` is asked when its turn comes: a caller who has left is not served.
   * Errors: Refusal, by the command's own rules; BUSY when the wait would be too long; UNAVAILABLE when the database can't be
   * reached or nobody could find out whether it committed.
   */
  submit<Input, Answer>(command: Command<Input, Answer>, input: Input, gone: () => boolean = () => false): Promise<Answer> {
    const refusal = this.rejectIfOverloaded();
    return refusal ? Promise.reject(refusal) : this.finish(command, input, gone);
  }

  /**
   * `submit` for what was begun before and has to come to its end, however long the line is: money is in doubt until it does.
   * Errors: as `submit`'s; BUSY only where its turn does not come in time.
   */
  finish<Input, Answer>(command: Command<Input, Answer>, input: Input, gone: () => boolean = () => false): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const arrivedAt = this.#clock.elapsedMs();
      this.#queue.enqueue({ command, input, arrivedAt, gone, resolve: resolve as (answer: unknown) => void, reject });
      this.#startRounds();
      this.#armDeadlineTimer();
    });
  }

  #startRounds(): void {
    while (this.#running.size < this.#options.concurrency && this.#predecessorsHoldTheirRows()) {
      if (this.#waitingForRunningRound && this.#queue.length < this.#largeBatch) return;
      const commands = this.#queue.take(this.#options.roundSize, this.#clock.elapsedMs() - this.#options.waitMs, this.#mayStart);
      if (commands.length === 0) return;
      const round = new Round(commands, this.#running, this.#clock.elapsedMs() + this.#options.waitMs, this.#options.waitMs);
      this.#running.add(round);
      void this.#run(round);
    }
  }

  /**
   * Whoever wants a row of a round under way would only wait for it at the database. So a small crowd that does gathers here instead, and
   * the next round is larger; a large one goes, to be locked and read while the round ahead is still being written.
   */
  readonly #mayStart = (crowd: Waiting[], full: boolean): boolean => {
    this.#waitingForRunningRound = !full && crowd.length < this.#largeBatch && [...this.#running].some((round) => round.conflictsWith(crowd));
    return !this.#waitingForRunningRound;
  };

  /** The next crowd may send for its rows as soon as the rounds ahead hold theirs, and not while one of them has to come again. */
  #predecessorsHoldTheirRows(): boolean {
    for (const round of this.#running) if (!round.holdsLocks) return false;
    return true;
  }

  /** Nobody waits longer than was promised, even when no lane comes free to say so. */
  #armDeadlineTimer(): void {
    const { since } = this.#queue;
    if (this.#deadlineTimerSet || since === undefined) return;
    this.#deadlineTimerSet = true;
    this.#clock.later(Math.ceil(since + this.#options.waitMs - this.#clock.elapsedMs()), () => {
      this.#deadlineTimerSet = false;
      this.#queue.rejectExpired(this.#clock.elapsedMs() - this.#options.waitMs);
      this.#startRounds();
      this.#armDeadlineTimer();
    });
  }

  async #run(round: Round): Promise<void> {
    const setOutAt = this.#clock.elapsedMs();
    try {
      await this.#attempt(round, round.commands);
    } catch (error) {
      this.#fault("a round", error);
      rejectAll(round.commands, error);
    }
    round.settle();
    this.#running.delete(round);
    this.#waitingForRunningRound = false;
    const { length } = round.commands;
    this.#throughput.served(length, setOutAt, this.#clock.elapsedMs());
    this.served.rounds++;
    this.served.commands += length;
    this.served.largest = Math.max(this.served.largest, length);
    this.#startRounds();
  }

  /** Some commands of a round, tried until it is known what became of them. Throws nothing that the database did. */
  async #attempt(round: Round, commands: Waiting[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      let outcomes: Outcome[];
      try {
        outcomes = await this.#execute(round, commands);
      } catch (error) {
        this.served.retries++;
        round.retry();
        if (error instanceof PredecessorRetrying) await round.predecessorsDone();
        else if (error instanceof Conflict && tries < CONFLICT_TRIES) await this.#clock.pause(this.#clock.random() * 2 ** tries);
        else if (error instanceof StoreUnavailable && this.#clock.elapsedMs() < round.deadline) await this.#clock.pause(UNAVAILABLE_PAUSE_MS);
        else if (error instanceof StoreUnavailable || error instanceof OutcomeUnknown)
          return rejectAll(commands, new Refusal("UNAVAILABLE", { retryAfter: 1 }));
        else if (commands.length > 1) return this.#bisect(round, commands, error);
        else return this.#rejectSingle(commands, error);
        continue;
      }
      // Outside of the try: what is on disk must not be done again, whatever happens from here on.
      return this.#answer(commands, outcomes);
    }
  }

  /** One bad command must not hurt its neighbours: each half is served by itself, in order, until the culprit stands alone. */
  async #bisect(round: Round, commands: Waiting[], error: unknown): Promise<void> {
    if (error instanceof LockTimeout) round.lockWaitMs = Math.min(round.lockWaitMs, BISECTED_LOCK_WAIT_MS);
    const middle = commands.length >> 1;
    await this.#attempt(round, commands.slice(0, middle));
    await this.#attempt(round, commands.slice(middle));
  }

  #rejectSingle([failed]: Waiting[], error: unknown): void {
    if (!(error instanceof LockTimeout)) this.#fault(failed?.command.name ?? "", error);
    failed?.reject(error instanceof LockTimeout || error instanceof Conflict ? busy(1000) : error);
  }

  /** Lock, decide, save. Errors: the store's, all of them meaning that nothing was written; Overtaking; OutcomeUnknown. */
  async #execute(round: Round, commands: Waiting[]): Promise<Outcome[]> {
    const open = await this.#store.lock(
      commands.flatMap((one) => one.needs),
      round.lockWaitMs,
    );
    if (round.locked()) this.#startRounds();
    if (!(await round.mayDecide())) {
      open.release();
      throw new PredecessorRetrying();
    }
    const { outcomes, changes } = decide(commands, open.loaded, this.#instantOf(open));
    if (changes) await this.#commit(open, changes);
    else open.release();
    return outcomes;
  }

  /** Never before the round ahead: the store's clock may be stepped back a little, or another server may take over. */
  #instantOf({ now }: OpenRound): number {
    this.#latest = now < this.#latest - CORRECTED_CLOCK_MS ? now : Math.max(now, this.#latest);
    return this.#latest;
  }

  /** A lost answer to COMMIT is not a failure: find out, and only then go on. */
  async #commit(open: OpenRound, changes: Changes): Promise<void> {
    const roundId = randomUUID();
    try {
      await open.commit(roundId, changes);
    } catch (error) {
      if (!(error instanceof LostCommit)) throw error;
      if ((await this.#outcome(roundId)) === "abandoned") throw new StoreUnavailable("the round was lost before it was committed");
    }
    try {
      this.#options.onCommit(changes);
    } catch (error) {
      this.#fault("after the commit", error);
    }
  }

  async #outcome(roundId: string): Promise<"committed" | "abandoned"> {
    const deadline = this.#clock.elapsedMs() + this.#options.waitMs;
    for (;;) {
      try {
        return await this.#store.outcome(roundId);
      } catch {
        if (this.#clock.elapsedMs() >= deadline) throw new OutcomeUnknown();
        await this.#clock.pause(UNAVAILABLE_PAUSE_MS);
      }
    }
  }

  #answer(commands: Waiting[], outcomes: Outcome[]): void {
    this.#queue.requeue(commands.filter((_, i) => outcomes[i]?.kind === "again"));
    for (const [i, one] of commands.entries()) {
      const outcome = outcomes[i] as Outcome;
      if (outcome.kind === "answer") one.resolve(outcome.answer);
      if (outcome.kind !== "error") continue;
      if (!(outcome.error instanceof Refusal)) this.#fault(one.command.name, outcome.error);
      one.reject(outcome.error);
    }
  }

  /** A listener that breaks must not break the till. */
  #fault(command: string, error: unknown): void {
    try {
      this.#options.onFault(command, error);
    } catch {}
  }
}

/** A round ahead lost its rows and comes for them again: this one, which got hold of them, lets it pass. */
class PredecessorRetrying extends Error {}

/** Nobody can say whether the round was committed: it must not be tried again, and its callers must ask later. */
class OutcomeUnknown extends Error {}

function busy(expectedMs: number): Refusal {
  return new Refusal("BUSY", { retryAfter: Math.max(1, Math.ceil(expectedMs / 1000)) });
}

function rejectAll(commands: Waiting[], error: unknown): void {
  for (const one of commands) one.reject(error);
}
