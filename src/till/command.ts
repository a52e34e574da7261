// A command declares its needs, then decides. Deciding is pure: no await, no I/O, and no clock
// except the round's.

import type { Need } from "./table.ts";
import type { UnitOfWork } from "./unit-of-work.ts";

export interface Command<Input, Answer> {
  /**
   * Addresses the command from another process, which sends the input and gets the answer as JSON.
   */
  readonly name: string;
  /**
   * Reads the data that the needs depend on (a cart's contents, an order's line items) and adds it
   * to the input. While it reads, the command keeps its place in the queue. The decision may trust
   * only data that never changes. May return without a promise, and may refuse.
   */
  prepare?(input: Input): Input | Promise<Input>;
  /** Returns every row that the decision looks at. */
  needs(input: Input): Need[];
  /** Changes rows and returns the answer, or refuses and changes nothing. */
  decide(uow: UnitOfWork, input: Input): Answer;
  /** The status of the response, if it depends on the answer. */
  status?(answer: Answer): number;
  /** The form of the answer that a response shows; without it, the whole answer. */
  view?(answer: Answer, input: Input): unknown;
}

/** Declares a command. It exists so that the types are inferred in one place. */
export function command<Input, Answer>(definition: Command<Input, Answer>): Command<Input, Answer> {
  return definition;
}
