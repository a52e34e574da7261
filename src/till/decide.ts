// What a round decides, without a database: every command in order of arrival, each seeing what the ones before it did.

import type { Command } from "./command.ts";
import type { Changes, Loaded, Need } from "./table.ts";
import { NeedsChanged, UnitOfWork } from "./unit-of-work.ts";

/** Again: its needs were no longer what had been read. An error is the command's refusal, or a bug of its own. */
export type Outcome = { kind: "answer"; answer: unknown } | { kind: "error"; error: unknown } | { kind: "again" };

export type Prepared = { command: Command<unknown, unknown>; input: unknown; needs: Need[] };

/** Pure. `changes` is what has to be written, undefined where nobody changed anything. @param now the instant of the round, in ms */
export function decide(commands: Prepared[], loaded: Loaded, now: number): { outcomes: Outcome[]; changes: Changes | undefined } {
  const uow = new UnitOfWork(
    commands.flatMap((one) => one.needs),
    loaded,
    now,
  );
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
