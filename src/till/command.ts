// A command says what it needs, then decides. Deciding is pure: no await, no clock but the round's, no I/O.

import type { Need } from "./table.ts";
import type { UnitOfWork } from "./unit-of-work.ts";

export interface Command<Input, Answer> {
  readonly name: string;
  /**
   * Reads what the needs depend on (a cart's contents, an order's lines) and adds it to the input. The command keeps its
   * place in the queue meanwhile. Only what never changes may be trusted from this read. May answer at once, without a promise,
   * and may refuse.
   */
  prepare?(input: Input): Input | Promise<Input>;
  /** Every row that the decision will look at. */
  needs(input: Input): Need[];
  /** Changes rows and gives the answer, or refuses and leaves no trace. */
  decide(uow: UnitOfWork, input: Input): Answer;
}

/** Declares a command; only here so that its types are inferred in one place. */
export function command<Input, Answer>(definition: Command<Input, Answer>): Command<Input, Answer> {
  return definition;
}
