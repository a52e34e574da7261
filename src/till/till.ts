// The till executes commands: everything that moves money, stock or coupons is one. Commands wait
// in a queue. A free till takes all waiting commands and serves them in one round: lock their rows,
// decide in order of arrival, write, commit, respond. While a round is at the database the next
// batch collects, so a round is as large as the load makes it. A single buyer waits for no other
// command; in a rush, hundreds share one flush to disk. There is no timer and nothing to tune.

import type { Refusal } from "../refusal.ts";
import { AdmissionControl } from "./admission.ts";
import { type Clock, realClock } from "./clock.ts";
import type { Command } from "./command.ts";
import { CommandQueue, type QueuedCommand } from "./queue.ts";
import type { TillLoad } from "./link/wire.ts";
import { Round } from "./round.ts";
import { busy, RoundExecutor } from "./round-executor.ts";
import type { Store } from "./store.ts";
import type { Changes } from "./table.ts";
import { ThroughputEstimate } from "./throughput.ts";

export type TillOptions = {
  store: Store;
  /**
   * The longest wait of a command in ms, for its round and for a locked row. After it the command
   * is answered BUSY.
   */
  waitMs: number;
  /** The most rounds that run at once. */
  concurrency?: number;
  /** The most commands in a round. */
  roundSize?: number;
  clock?: Clock;
  /**
   * Called with the changes of each committed round before its callers get their answers, so that
   * caches can drop old values.
   */
  onCommit?: (changes: Changes) => void;
  /** Called with the changes of each round and its instant before they are written. May add rows to journals. */
  complete?: ((changes: Changes, now: number) => void) | undefined;
  /** Called for bugs: a decision that threw, or a command that the database rejected. */
  onFault?: (command: string, error: unknown) => void;
  tracing?: TillTracing | undefined;
};

/** Follows commands and rounds, for traces. A trace is whatever `arrived` returned. */
export type TillTracing<Trace = unknown> = {
  arrived(command: string): Trace;
  answered(trace: Trace, error?: unknown): void;
  /** Executes a round, whose commands arrived with these traces. */
  round(traces: Trace[], execute: () => Promise<void>): Promise<void>;
};

/**
 * Executes commands, in this process (`LocalTill`) or in the process that has the till (`RemoteTill`).
 */
export type Till = Pick<LocalTill, "submit" | "finish" | "rejectIfOverloaded" | "waiting" | "served">;

export class LocalTill {
  readonly #concurrency: number;
  readonly #roundSize: number;
  readonly #waitMs: number;
  readonly #clock: Clock;
  readonly #queue = new CommandQueue(() => this.#startRounds());
  readonly #throughput = new ThroughputEstimate();
  readonly #admission: AdmissionControl;
  readonly #executor: RoundExecutor;
  /** Running rounds, in the order in which they started. */
  readonly #running = new Set<Round>();
  #startsSoon = false;
  #deadlineTimerSet = false;
  /**
   * The batch at the front of the queue waits for a running round to end, so it is not looked at
   * before.
   */
  #waitingForRunningRound = false;
  readonly #largeBatch: number;
  readonly #tracing: TillTracing | undefined;
  /** Counters for the metrics: rounds, commands, the largest round, and retries. */
  readonly served = { rounds: 0, commands: 0, largest: 0, retries: 0 };

  constructor(options: TillOptions) {
    const {
      store,
      waitMs,
      concurrency = 2,
      roundSize = 512,
      clock = realClock,
      onCommit = () => {},
      onFault = () => {},
      complete,
      tracing,
    } = options;
    this.#concurrency = concurrency;
    this.#roundSize = roundSize;
    this.#waitMs = waitMs;
    this.#clock = clock;
    this.#largeBatch = roundSize / 2;
    this.#tracing = tracing;
    this.#admission = new AdmissionControl(waitMs);
    this.#executor = new RoundExecutor({
      store,
      clock,
      waitMs,
      complete,
      onCommit,
      onFault,
      onLocked: () => this.#startRounds(),
      onRetry: () => this.served.retries++,
      requeue: (commands) => this.#queue.requeue(commands),
    });
  }

  /** The number of commands in the queue. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** How busy the till is, for admission control in other processes. */
  get load(): TillLoad {
    const { msPerCommand, smallRoundMs } = this.#throughput;
    return { expectedMs: this.#throughput.expectedMs(this.#queue.length), msPerCommand, smallRoundMs };
  }

  /** Returns a BUSY refusal if a new command would wait too long or the till is overloaded. */
  rejectIfOverloaded(): Refusal | undefined {
    const expectedMs = this.#throughput.expectedMs(this.#queue.length);
    return this.#admission.admits(expectedMs, this.#clock.elapsedMs(), this.#throughput.smallRoundMs) ? undefined : busy(expectedMs);
  }

  /**
   * Queues a command and resolves with its answer when its round is durable.
   * @param gone called when the command's round starts; if it returns true the command is not
   * decided
   * Errors: Refusal, by the command's own rules; BUSY when the wait would be too long; UNAVAILABLE
   * when the database can't be reached or the outcome of COMMIT stayed unknown.
   */
  submit<Input, Answer>(command: Command<Input, Answer>, input: Input, gone: () => boolean = () => false): Promise<Answer> {
    const refusal = this.rejectIfOverloaded();
    return refusal ? Promise.reject(refusal) : this.finish(command, input, gone);
  }

  /**
   * `submit` without admission control, for commands that finish a started attempt: money is in
   * doubt until they are done.
   * Errors: as `submit`; BUSY only if no round takes the command in time.
   */
  finish<Input, Answer>(command: Command<Input, Answer>, input: Input, gone: () => boolean = () => false): Promise<Answer> {
    const tracing = this.#tracing;
    const trace = tracing?.arrived(command.name);
    const answer = new Promise<Answer>((resolve, reject) => {
      const arrivedAt = this.#clock.elapsedMs();
      this.#queue.enqueue({ command, input, arrivedAt, gone, resolve: resolve as (answer: unknown) => void, reject, trace });
      this.#startSoon();
      this.#armDeadlineTimer();
    });
    if (tracing)
      answer.then(
        () => tracing.answered(trace),
        (error: unknown) => tracing.answered(trace, error),
      );
    return answer;
  }

  /** A message of a worker, or a turn of the event loop, has many commands. Started by the first one, a round would be of that one alone. */
  #startSoon(): void {
    if (this.#startsSoon) return;
    this.#startsSoon = true;
    this.#clock.soon(() => {
      this.#startsSoon = false;
      this.#startRounds();
    });
  }

  #startRounds(): void {
    while (this.#running.size < this.#concurrency && this.#predecessorsHoldTheirRows()) {
      if (this.#waitingForRunningRound && this.#queue.length < this.#largeBatch) return;
      const commands = this.#queue.take(this.#roundSize, this.#clock.elapsedMs() - this.#waitMs, this.#mayStart);
      if (commands.length === 0) return;
      const round = new Round(commands, this.#running, this.#clock.elapsedMs() + this.#waitMs, this.#waitMs);
      this.#running.add(round);
      void this.#run(round);
    }
  }

  /**
   * A batch that needs rows of a running round would only wait for them at the database. So a small
   * batch stays in the queue until that round ends, and the next round is larger. A large batch
   * starts, to be locked and read while its predecessor commits.
   */
  readonly #mayStart = (batch: QueuedCommand[], full: boolean): boolean => {
    this.#waitingForRunningRound = !full && batch.length < this.#largeBatch && [...this.#running].some((round) => round.conflictsWith(batch));
    return !this.#waitingForRunningRound;
  };

  /**
   * The next round may lock its rows once all running rounds hold theirs, and not while one of them
   * retries.
   */
  #predecessorsHoldTheirRows(): boolean {
    for (const round of this.#running) if (!round.holdsLocks) return false;
    return true;
  }

  /** Ensures that a command is answered BUSY in time even if no round ends. */
  #armDeadlineTimer(): void {
    const { since } = this.#queue;
    if (this.#deadlineTimerSet || since === undefined) return;
    this.#deadlineTimerSet = true;
    this.#clock.later(Math.ceil(since + this.#waitMs - this.#clock.elapsedMs()), () => {
      this.#deadlineTimerSet = false;
      this.#queue.rejectExpired(this.#clock.elapsedMs() - this.#waitMs);
      this.#startRounds();
      this.#armDeadlineTimer();
    });
  }

  async #run(round: Round): Promise<void> {
    const startedAt = this.#clock.elapsedMs();
    if (this.#tracing) {
      const traces = round.commands.map(({ trace }) => trace);
      await this.#tracing.round(traces, () => this.#executor.execute(round));
    } else await this.#executor.execute(round);
    round.settle();
    this.#running.delete(round);
    this.#waitingForRunningRound = false;
    const { length } = round.commands;
    this.#throughput.served(length, startedAt, this.#clock.elapsedMs());
    this.served.rounds++;
    this.served.commands += length;
    this.served.largest = Math.max(this.served.largest, length);
    this.#startRounds();
  }
}
