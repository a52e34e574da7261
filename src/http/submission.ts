// Submissions: the work that a write route requests, as plain data. `execute` runs it once per
// Idempotency-Key.

import {
  type Execution,
  findStoredResponse,
  idempotent,
  type KeyedResponse,
  render,
  repeatOutcome,
  type WorkOutcome,
} from "../idempotency/idempotent-command.ts";
import { executeTwoPhase, type TwoPhaseSubmission } from "../idempotency/two-phase.ts";
import { Refusal } from "../refusal.ts";
import type { Command } from "../till/command.ts";

/** A command with its input. The response has this status, and the view of the answer as its body. */
type CommandSubmission = { kind: "command"; command: Command<unknown, unknown>; input: unknown; status: number };

/** Work outside the till: a job, a replay. */
type WorkSubmission = { kind: "work"; work: () => Promise<unknown>; status: number };

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
export function perform(work: () => Promise<unknown>, status = 200): Submission {
  return { kind: "work", work, status };
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

function executeCommand({ command, input, status }: CommandSubmission, { till, key, locale, gone }: Execution): Promise<KeyedResponse> {
  if (key) return till.submit(idempotent(command), { input, key, status, locale }, gone);
  return till.submit(command, input, gone).then((answer) => {
    return { ...render(command, answer, { input, status }), replayed: false };
  });
}

async function executeWork({ work, status }: WorkSubmission, execution: Execution): Promise<KeyedResponse> {
  const { till, key, gone } = execution;
  if (!key) return { status, body: JSON.stringify(await work()), replayed: false };
  const stored = await till.submit(findStoredResponse, key, gone);
  return stored ?? executeCommand({ kind: "command", command: repeatOutcome, input: await outcomeOf(work), status }, execution);
}

async function outcomeOf(work: () => Promise<unknown>): Promise<WorkOutcome> {
  try {
    return { result: await work() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refused: { code: error.code, details: error.details } };
  }
}
