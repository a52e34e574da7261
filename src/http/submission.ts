// Submissions: the work that a write route requests, as plain data. `execute` runs it once per
// Idempotency-Key.

import {
  answerOf,
  type Execution,
  findStoredResponse,
  idempotent,
  keyedAnswer,
  type KeyedResponse,
  render,
  repeatOutcome,
  type WorkOutcome,
} from "../idempotency/idempotent-command.ts";
import { executeTwoPhase, type TwoPhaseSubmission } from "../idempotency/two-phase.ts";
import { beginWork, endWork, reachedRules, submitJournaled } from "../journal/journaled.ts";
import { Refusal, refuse } from "../refusal.ts";
import type { Command } from "../till/command.ts";

/** A command with its input. The response has this status, and the view of the answer as its body. */
type CommandSubmission = { kind: "command"; command: Command<unknown, unknown>; input: unknown; status: number };

/** Work outside the till: a job, a replay. `countsOf` its result are shown in the operators' journal. */
type WorkSubmission = { kind: "work"; work: () => Promise<unknown>; status: number; countsOf?: CountsOf | undefined };
type CountsOf = (result: unknown) => Record<string, number>;

export type Submission = (CommandSubmission | TwoPhaseSubmission | WorkSubmission) & {
  /** Called with the response before it is sent. */
  onResponse?: (response: KeyedResponse) => void;
  /** Called with a refusal or an error that is not stored under a key. */
  onError?: (error: unknown) => void;
};

/** Submits a command and responds with its answer, with status 200 by default. */
export function submit<Input, Answer>(command: Command<Input, Answer>, input: Input, status = 200): Submission {
  return { kind: "command", command, input, status };
}

/**
 * Runs work outside the till and responds with its result. Two concurrent requests with the same
 * key may both run it, so the work has to bear that. Both get the response that was stored first.
 */
export function perform<Result>(work: () => Promise<Result>, status = 200, countsOf?: (result: Result) => Record<string, number>): Submission {
  return { kind: "work", work, status, countsOf: countsOf as CountsOf | undefined };
}

/** Executes a submission. Errors: its refusals, and all errors of the till. */
export function execute(submission: Submission, execution: Execution): Promise<KeyedResponse> {
  const isObserved = submission.onResponse !== undefined || submission.onError !== undefined;
  return isObserved ? executeObserved(submission, execution) : executeByKind(submission, execution);
}

async function executeObserved(submission: Submission, execution: Execution): Promise<KeyedResponse> {
  try {
    const response = await executeByKind(submission, execution);
    submission.onResponse?.(response);
    return response;
  } catch (error) {
    submission.onError?.(error);
    throw error;
  }
}

function executeByKind(submission: Submission, execution: Execution): Promise<KeyedResponse> {
  switch (submission.kind) {
    case "command":
      return executeCommand(submission, execution);
    case "two-phase":
      return executeTwoPhase(submission, execution);
    case "work":
      return executeWork(submission, execution);
  }
}

function executeCommand({ command, input, status }: CommandSubmission, execution: Execution): Promise<KeyedResponse> {
  const { till, key, locale, gone, entry } = execution;
  if (key) {
    const keyed = { input, key, status, locale };
    if (entry === undefined) return till.submit(idempotent(command), keyed, gone);
    return submitJournaled(execution, idempotent(command), { input: keyed, status, outcomeOf: keyedAnswer });
  }
  const submitted =
    entry === undefined ? till.submit(command, input, gone) : submitJournaled(execution, command, { input, status, outcomeOf: answerOf(command) });
  return submitted.then((answer) => {
    return { ...render(command, answer, { input, status }), replayed: false };
  });
}

async function executeWork({ work, status, countsOf }: WorkSubmission, execution: Execution): Promise<KeyedResponse> {
  const { till, key, gone } = execution;
  const stored = key && (await till.submit(findStoredResponse, key, gone));
  if (stored) return stored;
  const started = execution.entry && (await beginWork(till, execution.entry));
  const outcome = await outcomeOf(work).catch(async (error: unknown) => {
    if (started) await endWork(till, started, { status: 500 });
    throw error;
  });
  // Refused by overload, it did nothing.
  if (started && "refused" in outcome && !reachedRules(outcome.refused.code)) await endWork(till, started, null);
  if (key || started) {
    const counts = "result" in outcome ? countsOf?.(outcome.result) : undefined;
    const entry = started && counts ? { ...started, counts } : started;
    return executeCommand({ kind: "command", command: repeatOutcome, input: outcome, status }, { ...execution, entry });
  }
  if ("refused" in outcome) refuse(outcome.refused.code, outcome.refused.details);
  return { status, body: JSON.stringify(outcome.result), replayed: false };
}

async function outcomeOf(work: () => Promise<unknown>): Promise<WorkOutcome> {
  try {
    return { result: await work() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refused: { code: error.code, details: error.details } };
  }
}
