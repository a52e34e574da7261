// Writes entries in the transactions of the changes that they tell of.

import { newId } from "../ids.ts";
import { Refusal, type RefusalCode, REFUSALS } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need, type Need } from "../till/table.ts";
import type { Till } from "../till/till.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { chained, EMPTY_CHAIN, type EntryDraft, type EntryOutcome, entryOf } from "./entry.ts";
import { HEAD, journalEntries, journalHead, journalWork } from "./journal.sql.ts";

/** A command's input with the draft of its entry. `status` is that of a successful response. */
export type Journaled<Input> = { input: Input; entry: EntryDraft; status: number };

/** The till to which a request submits its commands. `entry` is set for an operator's request. */
export type JournaledExecution = { till: Till; gone: () => boolean; entry?: EntryDraft | undefined };

/** How a decision looks to its caller. Null: it changed nothing, because an earlier request had done the work. */
export type OutcomeOf<Input, Answer> = (answer: Answer, input: Input, status: number) => EntryOutcome | null;

/**
 * Returns the same command, which also appends an entry to the operators' journal.
 * It needs the end of the chain, which only operators' rounds lock, so other rounds do not wait for it.
 */
export function journaled<Input, Answer>(inner: Command<Input, Answer>, outcomeOf: OutcomeOf<Input, Answer>): Command<Journaled<Input>, Answer> {
  const { prepare } = inner;
  return {
    name: `${inner.name}, journaled`,
    ...(prepare === undefined ? {} : { prepare: (journaledInput) => prepareInner(inner, journaledInput) }),
    needs: ({ input, entry }) => [...inner.needs(input), ...entryNeeds(entry)],
    decide(uow, { input, entry, status }) {
      const answer = inner.decide(uow, input);
      appendEntry(uow, entry, outcomeOf(answer, input, status));
      return answer;
    },
  };
}

function prepareInner<Input>(inner: Command<Input, unknown>, journaledInput: Journaled<Input>): Journaled<Input> | Promise<Journaled<Input>> {
  const prepared = inner.prepare?.(journaledInput.input) ?? journaledInput.input;
  return prepared instanceof Promise ? prepared.then((input) => ({ ...journaledInput, input })) : { ...journaledInput, input: prepared };
}

function entryNeeds({ workId }: EntryDraft): Need[] {
  return [need(journalHead, HEAD), ...(workId === undefined ? [] : [need(journalWork, workId)])];
}

/** Of work whose entry another process has written, none is written. */
function appendEntry(uow: UnitOfWork, draft: EntryDraft, outcome: EntryOutcome | null): void {
  const { workId } = draft;
  if (workId !== undefined) {
    const work = uow.find(journalWork, workId);
    if (work === undefined || work.isOver) return;
    uow.put(journalWork, workId, { ...work, isOver: true });
  }
  if (outcome === null) return;
  const next = chained(uow.find(journalHead, HEAD) ?? EMPTY_CHAIN, entryOf(draft, outcome, uow.newId(), uow.now));
  uow.put(journalHead, HEAD, { seq: next.seq, hash: next.hash });
  uow.append(journalEntries, next);
}

/** Writes an entry of its own: of a refused attempt, or of work outside of the till that has ended; without an outcome, none. */
export const writeEntry = command<{ entry: EntryDraft; outcome: EntryOutcome | null }, null>({
  name: "write journal entry",
  needs: ({ entry }) => entryNeeds(entry),
  decide(uow, { entry, outcome }) {
    appendEntry(uow, entry, outcome);
    return null;
  },
});

/** Notes that work outside of the till begins. */
export const startWork = command<EntryDraft & { workId: string }, null>({
  name: "start journal work",
  needs: ({ workId }) => [need(journalWork, workId)],
  decide(uow, entry) {
    uow.put(journalWork, entry.workId, { id: entry.workId, entry, startedAt: uow.now, isOver: false });
    return null;
  },
});

/**
 * Submits a command; an operator's with its entry, and a refused attempt with an entry of its own. The end of work that is done waits for no
 * admission, and is written also if the operator has disconnected.
 * Errors: the command's refusals, and all errors of the till.
 */
export async function submitJournaled<Input, Answer>(
  { till, gone, entry }: JournaledExecution,
  inner: Command<Input, Answer>,
  { input, status, outcomeOf }: { input: Input; status: number; outcomeOf: OutcomeOf<Input, Answer> },
): Promise<Answer> {
  if (entry === undefined) return till.submit(inner, input, gone);
  const outer = journaled(inner, outcomeOf);
  const isDone = entry.workId !== undefined;
  try {
    return await (isDone ? till.finish(outer, { input, entry, status }) : till.submit(outer, { input, entry, status }, gone));
  } catch (error) {
    if (error instanceof Refusal) await writeRefusal(till, entry, error);
    throw error;
  }
}

/** Writes the entry of a refused attempt, if it reached the rules. */
export async function writeRefusal(till: Till, entry: EntryDraft, { code, status }: Refusal): Promise<void> {
  if (reachedRules(code)) await till.finish(writeEntry, { entry, outcome: { status } });
}

/**
 * Begins an operator's work outside of the till, such as a job. Returns the draft of its entry, which a later command or `endWork` writes. If the
 * process dies before, a job writes it (`closeAbandonedWork`).
 */
export async function beginWork(till: Till, draft: EntryDraft): Promise<EntryDraft> {
  const entry = { ...draft, workId: newId(Date.now()) };
  await till.submit(startWork, entry);
  return entry;
}

/** Ends work with its entry; without an outcome, with none: it did nothing. */
export async function endWork(till: Till, entry: EntryDraft, outcome: EntryOutcome | null): Promise<void> {
  await till.finish(writeEntry, { entry, outcome });
}

/** Overload, a broken database and a key's other request say nothing about the attempt. */
export function reachedRules(code: RefusalCode): boolean {
  const { status } = REFUSALS[code];
  return status !== 401 && status !== 413 && status !== 415 && status !== 429 && status < 500 && !code.startsWith("IDEMPOTENCY_");
}
