// Commands in two phases, with a slow and unreliable call between them. The first phase stores the
// key together with the attempt that it starts. So a repeated request, even after a crash, never
// starts a second attempt but resumes the first.

import { GatewayBusy } from "../gateway/gateway.ts";
import { submitJournaled } from "../journal/journaled.ts";
import { type Locale, type Rendered, renderProblem } from "../problem.ts";
import { Refusal } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { decideOrRefuse, type Execution, findRecord, type Keyed, keyedAnswer, type KeyedResponse, withRecord } from "./idempotent-command.ts";
import { idempotencyRecords, recordKey } from "./records.sql.ts";
import type { IdempotencyKey } from "./request-key.ts";

/**
 * Result of the first phase: the final answer, or the id of a stored attempt that any process can
 * resume. `resumed`: an earlier request has started it.
 */
export type Started<Answer> = { kind: "answer"; answer: Answer } | { kind: "attempt"; id: string; resumed?: true };

/**
 * State of an attempt: its response, which is the last one if the attempt is over, or its refusal.
 */
export type AttemptStatus = { over: boolean; status: number; body: unknown } | { over: true; refusal: Refusal };

export type TwoPhaseCommand<Input, Answer> = {
  /** The first phase. */
  begin: Command<Input, Started<Answer>>;
  input: Input;
  /** The status of the response if the first phase gave the final answer. */
  status: number;
  /**
   * Admits a request to the gateway before its first phase. Errors: GatewayBusy, which is answered
   * BUSY.
   */
  admit<T>(work: () => Promise<T>): Promise<T>;
  /**
   * The second phase: takes an attempt as far as possible now.
   * @param first this request started the attempt
   */
  settle(attempt: string, first: boolean): Promise<AttemptStatus>;
};

export type TwoPhaseSubmission = TwoPhaseCommand<unknown, unknown> & { kind: "two-phase" };

/** Submits a two-phase command. */
export function submitTwoPhase<Input, Answer>(command: TwoPhaseCommand<Input, Answer>): TwoPhaseSubmission {
  return { kind: "two-phase", ...command };
}

/**
 * Executes the first phase, then settles the attempt that it started. Errors: the command's
 * refusals, BUSY, UNAVAILABLE.
 */
export async function executeTwoPhase(command: TwoPhaseCommand<unknown, unknown>, execution: Execution): Promise<KeyedResponse> {
  const { till, key, gone } = execution;
  // A request that was answered or started before needs no admission.
  const stored = key && (await till.submit(findStored, key, gone));
  if (stored) return stored.kind === "response" ? stored.response : finish(command, execution, key, stored.id, false);
  try {
    return await command.admit(() => start(command, execution));
  } catch (error) {
    if (error instanceof GatewayBusy) throw new Refusal("BUSY", { retryAfter: Math.ceil(error.retryAfterMs / 1000) });
    throw error;
  }
}

async function start(command: TwoPhaseCommand<unknown, unknown>, execution: Execution): Promise<KeyedResponse> {
  const { key, locale } = execution;
  const { begin, input, status } = command;
  if (!key) {
    const started = await submitJournaled(execution, begin, { input, status, outcomeOf: startedAnswer });
    if (started.kind === "answer") return { status, body: JSON.stringify(started.answer), replayed: false };
    return { ...renderStatus(await command.settle(started.id, started.resumed !== true), locale), replayed: false };
  }
  const keyed = { input, key, status, locale };
  const stored = await submitJournaled(execution, startOnce(begin), { input: keyed, status, outcomeOf: storedAnswer });
  return stored.kind === "response" ? stored.response : finish(command, execution, key, stored.id, stored.first);
}

async function finish(
  command: TwoPhaseCommand<unknown, unknown>,
  { till, locale }: Execution,
  key: IdempotencyKey,
  attempt: string,
  first: boolean,
): Promise<KeyedResponse> {
  const status = await command.settle(attempt, first);
  const response = renderStatus(status, locale);
  if (status.over) return { ...(await till.finish(storeResponse, { key, response })), replayed: !first };
  return { ...response, replayed: !first };
}

type Stored = { kind: "response"; response: KeyedResponse } | { kind: "attempt"; id: string; first: boolean };

/** Returns the stored response of a key, or its attempt, or null. Errors: IDEMPOTENCY_KEY_REUSED. */
export const findStored = command<IdempotencyKey, Stored | null>({
  name: "find stored response or attempt",
  needs: (key) => [need(idempotencyRecords, recordKey(key))],
  decide: storedIn,
});

function storedIn(uow: UnitOfWork, key: IdempotencyKey): Stored | null {
  const record = findRecord(uow, key);
  if (!record) return null;
  return record.attempt === null
    ? { kind: "response", response: { status: record.status, body: record.body, replayed: true } }
    : { kind: "attempt", id: record.attempt, first: false };
}

/** The status of a request whose attempt is not over. */
const ACCEPTED = { status: 202 };

/** How a first phase looks to the operators' journal. An attempt that an earlier request started is no change. */
export function startedAnswer(started: Started<unknown>, _input: unknown, status: number): { status: number; body?: unknown } | null {
  if (started.kind === "answer") return { status, body: started.answer };
  return started.resumed ? null : ACCEPTED;
}

/** The same of a first phase with a key. */
export function storedAnswer(stored: Stored): { status: number; body?: unknown } | null {
  if (stored.kind === "response") return keyedAnswer(stored.response);
  return stored.first ? ACCEPTED : null;
}

/**
 * The first phase, done once per key: stores its response, or the attempt. Errors:
 * IDEMPOTENCY_KEY_REUSED.
 */
export function startOnce<Input>(begin: Command<Input, Started<unknown>>): Command<Keyed<Input>, Stored> {
  return {
    ...withRecord(begin, "started once"),
    decide(uow, { input, key, status, locale }) {
      const stored = storedIn(uow, key);
      if (stored) return stored;
      const result = decideOrRefuse(uow, locale, () => begin.decide(uow, input));
      const started = "refusal" in result ? null : result.decided;
      const id = recordKey(key);
      if (started?.kind === "attempt") {
        uow.put(idempotencyRecords, id, { ...key, status: 202, body: "", attempt: started.id, createdAt: uow.now });
        return { kind: "attempt", id: started.id, first: started.resumed !== true };
      }
      const response = "refusal" in result ? result.refusal : { status, body: JSON.stringify((result.decided as { answer: unknown }).answer) };
      uow.put(idempotencyRecords, id, { ...key, ...response, attempt: null, createdAt: uow.now });
      return { kind: "response", response: { ...response, replayed: false } };
    },
  };
}

/** Stores the response of a finished attempt if none is stored yet. Returns the stored response. */
export const storeResponse = command<{ key: IdempotencyKey; response: Rendered }, Rendered>({
  name: "store response",
  needs: ({ key }) => [need(idempotencyRecords, recordKey(key))],
  decide(uow, { key, response }) {
    const record = findRecord(uow, key);
    // A purged record: no request repeats its key any more.
    if (!record) return response;
    if (record.attempt === null) return { status: record.status, body: record.body };
    uow.put(idempotencyRecords, recordKey(key), { ...record, ...response, attempt: null });
    return response;
  },
});

function renderStatus(status: AttemptStatus, locale: Locale): Rendered {
  return "refusal" in status ? renderProblem(status.refusal, locale) : { status: status.status, body: JSON.stringify(status.body) };
}
