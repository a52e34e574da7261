/**
 * What the first round of a command comes to whose work goes on outside of any transaction: either it was all that there was to do, or an
 * attempt stands in the database, by this id, which whoever comes by can bring to its end.
 */
export type Started<Answer> = { kind: "answer"; answer: Answer } | { kind: "attempt"; id: string };
