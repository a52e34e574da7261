// A round under way, and its place among the others. Lanes let a round lock its rows while the one ahead still commits; the rows
// themselves keep the two in order, but only as long as the one ahead succeeds. Where it does not, it has let its rows go and comes
// for them again, and whoever has got hold of them behind its back steps back.

import type { Waiting } from "./queue.ts";

export class Round {
  readonly commands: Waiting[];
  /** When its commands have waited long enough for a database that is away, on the clock that waiting is measured by. */
  readonly deadline: number;
  /** How long it waits for a row that another holds, in ms. */
  lockWaitMs: number;
  /** Nobody may set out behind a round that does not hold its rows: it would be overtaken. */
  holdsLocks = false;
  #settled = false;
  #retried = false;
  readonly #predecessors: Round[];
  readonly #firstTry = Promise.withResolvers<"settled" | "stumbled">();
  readonly #end = Promise.withResolvers<void>();
  #rows: Set<string> | undefined;

  constructor(commands: Waiting[], ahead: Iterable<Round>, deadline: number, lockWaitMs: number) {
    this.commands = commands;
    this.#predecessors = [...ahead];
    this.deadline = deadline;
    this.lockWaitMs = lockWaitMs;
  }

  /** Its rows are locked at the first try: answers whether others may set out behind it from now on. */
  locked(): boolean {
    return (this.holdsLocks = !this.#retried);
  }

  /** It has to come again: those behind that wait for the same rows let it pass, and nobody sets out until it is settled. */
  retry(): void {
    this.#retried = true;
    this.holdsLocks = false;
    this.#firstTry.resolve("stumbled");
  }

  /** It is known of each of its commands what became of it. */
  settle(): void {
    this.#settled = true;
    this.#firstTry.resolve("settled");
    this.#end.resolve();
  }

  /** Whether it is this round's turn, waiting for what becomes of those ahead that it meets: false where one of them comes again. */
  async mayDecide(): Promise<boolean> {
    for (const other of this.#predecessors) if (this.#waitsFor(other) && (await other.#firstTry.promise) === "stumbled") return false;
    return true;
  }

  /** Resolves when nobody who was ahead is under way any more. */
  async predecessorsDone(): Promise<void> {
    for (const other of this.#predecessors) await other.#end.promise;
  }

  /** Whether any of these commands wants a row that this round has. */
  conflictsWith(commands: readonly Waiting[]): boolean {
    return commands.some((one) => one.needs.some(({ key }) => this.#touches(key)));
  }

  #waitsFor(other: Round): boolean {
    return !other.#settled && other.conflictsWith(this.commands);
  }

  #touches(key: string): boolean {
    this.#rows ??= new Set(this.commands.flatMap((one) => one.needs.map((need) => need.key)));
    return this.#rows.has(key);
  }
}
