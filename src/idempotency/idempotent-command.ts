// Idempotency keys: a keyed request takes effect once per caller and key. The key and the first
// response are written in the transaction of the effect, and repeated requests get that response.

import type { JournaledExecution, OutcomeOf } from "../journal/journaled.ts";
import { type Locale, type Rendered, renderProblem } from "../problem.ts";
import { isAnswer, Refusal, type RefusalCode, type RefusalDetails, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { type IdempotencyRecord, idempotencyRecords, recordKey } from "./records.sql.ts";
import type { IdempotencyKey } from "./request-key.ts";

/** `replayed`: an earlier request with the same key had this response. */
export type KeyedResponse = Rendered & { replayed: boolean };

/** A request on its way to the till. `gone` tells whether its caller has disconnected. */
export type Execution = JournaledExecution & { key: IdempotencyKey | undefined; locale: Locale };

/** A command's input with its key. `status` and `locale` make the response that is stored. */
export type Keyed<Input> = { input: Input; key: IdempotencyKey; status: number; locale: Locale };

const once = new WeakMap<object, unknown>();

/**
 * Returns the same command, done once per key. Refusals by the shop's rules are stored as
 * responses; a request that failed before reaching the rules is not stored.
 * Errors: IDEMPOTENCY_KEY_REUSED if the key came with another request.
 */
export function idempotent<Input, Answer>(command: Command<Input, Answer>): Command<Keyed<Input>, KeyedResponse> {
  const known = once.get(command) as Command<Keyed<Input>, KeyedResponse> | undefined;
  if (known) return known;
  const made: Command<Keyed<Input>, KeyedResponse> = {
    ...withRecord(command, "once"),
    decide(uow, { input, key, status, locale }) {
      const stored = findResponse(uow, key);
      if (stored) return stored;
      const result = decideOrRefuse(uow, locale, () => render(command, command.decide(uow, input), { input, status }));
      const response = "refusal" in result ? result.refusal : result.decided;
      uow.put(idempotencyRecords, recordKey(key), { ...key, ...response, attempt: null, createdAt: uow.now });
      return { ...response, replayed: false };
    },
  };
  once.set(command, made);
  return made;
}

/** The response with a command's answer. A response with status 204 has no body. */
export function render<Input, Answer>(
  command: Command<Input, Answer>,
  answer: Answer,
  { input, status }: { input: Input; status: number },
): Rendered {
  return {
    status: command.status?.(answer) ?? status,
    body: status === 204 ? "" : JSON.stringify(command.view ? command.view(answer, input) : answer),
  };
}

/** How the answer of a command looks to its caller. */
export function answerOf<Input, Answer>(command: Command<Input, Answer>): OutcomeOf<Input, Answer> {
  return (answer, input, status) => ({ status: command.status?.(answer) ?? status, body: command.view ? command.view(answer, input) : answer });
}

/** How the answer of an `idempotent` command looks to its caller. A repeat changed nothing. */
export function keyedAnswer({ status, body, replayed }: KeyedResponse): { status: number; body: unknown } | null {
  return replayed ? null : { status, body: body === "" ? null : JSON.parse(body) };
}

/** Returns the stored response of a key, or null. Errors: IDEMPOTENCY_KEY_REUSED. */
export const findStoredResponse = command<IdempotencyKey, KeyedResponse | null>({
  name: "find stored response",
  needs: (key) => [need(idempotencyRecords, recordKey(key))],
  decide: findResponse,
});

/** The result of work outside the till, or its refusal. */
export type WorkOutcome = { result: unknown } | { refused: { code: RefusalCode; details: RefusalDetails } };

/** Repeats the outcome of work that is done, so that it can be stored under a key. */
export const repeatOutcome = command<WorkOutcome, unknown>({
  name: "repeat outcome",
  needs: () => [],
  decide: (_uow, outcome) => ("result" in outcome ? outcome.result : refuse(outcome.refused.code, outcome.refused.details)),
});

function findResponse(uow: UnitOfWork, key: IdempotencyKey): KeyedResponse | null {
  const record = findRecord(uow, key);
  return record ? { status: record.status, body: record.body, replayed: true } : null;
}

/** Returns the record of a key, if there is one. Errors: IDEMPOTENCY_KEY_REUSED. */
export function findRecord(uow: UnitOfWork, key: IdempotencyKey): IdempotencyRecord | undefined {
  const record = uow.find(idempotencyRecords, recordKey(key));
  if (record && record.fingerprint !== key.fingerprint) refuse("IDEMPOTENCY_KEY_REUSED");
  return record;
}

/**
 * A command's preparation and needs, with the key's record as a further need.
 * @param suffix distinguishes its name from the command's
 */
export function withRecord<Input>(
  command: Command<Input, unknown>,
  suffix: string,
): Pick<Command<Keyed<Input>, unknown>, "name" | "prepare" | "needs"> {
  return {
    name: `${command.name}, ${suffix}`,
    ...(command.prepare ? { prepare: (keyed) => prepareKeyed(command, keyed) } : {}),
    needs: ({ input, key }) => [...command.needs(input), need(idempotencyRecords, recordKey(key))],
  };
}

function prepareKeyed<Input>(command: Command<Input, unknown>, keyed: Keyed<Input>): Keyed<Input> | Promise<Keyed<Input>> {
  const prepared = command.prepare?.(keyed.input) ?? keyed.input;
  return prepared instanceof Promise ? prepared.then((input) => ({ ...keyed, input })) : { ...keyed, input: prepared };
}

/** Runs a decision and renders its refusal if that may be stored. Other errors are thrown. */
export function decideOrRefuse<Decided>(uow: UnitOfWork, locale: Locale, decide: () => Decided): { decided: Decided } | { refusal: Rendered } {
  try {
    return { decided: decide() };
  } catch (error) {
    if (!(error instanceof Refusal) || !isAnswer(error.code)) throw error;
    uow.drop(); // Of a refused command only the refusal is stored.
    return { refusal: renderProblem(error, locale) };
  }
}
