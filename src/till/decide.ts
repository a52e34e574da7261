// The decisions of one round, without a database: every command in order of arrival, each seeing
// the changes of the commands before it.

import type { Command } from "./command.ts";
import type { Changes, Loaded, Need } from "./table.ts";
import { NeedsChanged, UnitOfWork } from "./unit-of-work.ts";

/**
 * `again`: the command's needs have changed since they were read. `error`: its refusal, or a bug in
 * it.
 */
export type Outcome = { kind: "answer"; answer: unknown } | { kind: "error"; error: unknown } | { kind: "again" };

export type Prepared = { command: Command<unknown, unknown>; input: unknown; needs: Need[] };

/** The needs of all commands. A round of orders has thousands, and an array that grows is copied again and again. */
export function needsOf(commands: readonly { needs: Need[] }[]): Need[] {
  const all: Need[] = [];
  all.length = commands.reduce((sum, { needs }) => sum + needs.length, 0);
  let i = 0;
  for (const { needs } of commands) for (const need of needs) all[i++] = need;
  return all;
}

/**
 * Decides all commands of a round. Pure. `changes` is undefined if no command changed anything.
 * @param now the instant of the round, in ms since 1970
 */
export function decide(commands: Prepared[], loaded: Loaded, now: number): { outcomes: Outcome[]; changes: Changes | undefined } {
  const uow = new UnitOfWork(needsOf(commands), loaded, now);
  const outcomes = commands.map(({ command, input, needs }): Outcome => {
    try {
      uow.begin(needs);
      const answer = command.decide(uow, input);
      uow.keep();
      return { kind: "answer", answer };
    } catch (error) {
      uow.drop();
      return error instanceof NeedsChanged ? { kind: "again" } : { kind: "error", error };
    }
  });
  return { outcomes, changes: uow.changes() };
}
