// Submissions: the work that a write route requests, as plain data. `execute` runs it once per
// Idempotency-Key.

import { type Execution, idempotent, type KeyedResponse, storedResponse } from "../idempotency/idempotent-command.ts";
import { executeTwoPhase, type TwoPhaseSubmission } from "../idempotency/two-phase.ts";
import type { Rendered } from "../problem.ts";
import { Refusal } from "../refusal.ts";
import type { Command } from "../till/command.ts";

/**
 * A command with its input, and the response to its answer: the status, and a view of the answer as
 * the body.
 */
type CommandSubmission = { kind: "command"; command: Command<unknown, unknown>; input: unknown; status: number; view(answer: unknown): unknown };

/** Work outside the till: a job, a replay. */
type WorkSubmission = { kind: "work"; work: () => Promise<unknown>; status: number };

export type Submission = (CommandSubmission | TwoPhaseSubmission | WorkSubmission) & {
  /** Called with the response before it is sent. */
  onResponse?: (response: KeyedResponse) => void;
  /** Called with a refusal or an error that is not stored under a key. */
  onError?: (error: unknown) => void;
};

/** Submits a command and responds with its answer: status 200 and the whole answer by default. */
export function submit<Input, Answer>(
  command: Command<Input, Answer>,
  input: Input,
  status = 200,
  view: (answer: Answer) => unknown = (answer) => answer,
): Submission {
  return { kind: "command", command, input, status, view };
}

/**
 * Runs work outside the till and responds with its result. Two concurrent requests with the same
 * key may both run it, so the work has to bear that. Both get the response that was stored first.
 */
export function perform(work: () => Promise<unknown>, status = 200): Submission {
  return { kind: "work", work, status };
}

/** Executes a submission. Errors: its refusals, and all errors of the till. */
export async function execute(submission: Submission, execution: Execution): Promise<KeyedResponse> {
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

async function executeCommand({ command, input, status, view }: CommandSubmission, { till, key, locale, gone }: Execution): Promise<KeyedResponse> {
  const render = (answer: unknown): Rendered => ({ status, body: status === 204 ? "" : JSON.stringify(view(answer)) });
  if (key) return till.submit(idempotent(command, key, render, locale), input, gone);
  return { ...render(await till.submit(command, input, gone)), replayed: false };
}

async function executeWork({ work, status }: WorkSubmission, execution: Execution): Promise<KeyedResponse> {
  const { till, key, gone } = execution;
  const stored = key && (await till.submit(storedResponse(key), null, gone));
  if (stored) return stored;
  const decide = await outcomeOf(work);
  const command: Command<unknown, unknown> = { name: "store response", needs: () => [], decide };
  return executeCommand({ kind: "command", command, input: null, status, view: (answer) => answer }, execution);
}

/**
 * Runs the work. Returns a function that repeats its result or its refusal, so that the till can
 * store it.
 */
async function outcomeOf(work: () => Promise<unknown>): Promise<() => unknown> {
  try {
    const result = await work();
    return () => result;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return () => {
      throw error;
    };
  }
}
