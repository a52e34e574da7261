// Idempotency keys: a keyed request takes effect once per caller and key. The key and the first
// response are written in the transaction of the effect, and repeated requests get that response.

import { type Locale, type Rendered, renderProblem } from "../problem.ts";
import { isAnswer, Refusal, refuse } from "../refusal.ts";
import type { Command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { Till } from "../till/till.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { type IdempotencyRecord, idempotencyRecords, recordKey } from "./records.sql.ts";
import type { IdempotencyKey } from "./request-key.ts";

/** `replayed`: an earlier request with the same key had this response. */
export type KeyedResponse = Rendered & { replayed: boolean };

/** A request on its way to the till. `gone` tells whether its caller has disconnected. */
export type Execution = { till: Till; key: IdempotencyKey | undefined; locale: Locale; gone: () => boolean };

/**
 * Returns the same command, done once per key. Refusals by the shop's rules are stored as
 * responses; a request that failed before reaching the rules is not stored.
 * Errors: IDEMPOTENCY_KEY_REUSED if the key came with another request.
 * @param render makes the response: status and body
 */
export function idempotent<Input, Answer>(
  command: Command<Input, Answer>,
  key: IdempotencyKey,
  render: (answer: Answer) => Rendered,
  locale: Locale,
): Command<Input, KeyedResponse> {
  return {
    ...withRecord(command, key),
    decide(uow, input) {
      const stored = findResponse(uow, key);
      if (stored) return stored;
      const result = decideOrRefuse(uow, locale, () => render(command.decide(uow, input)));
      const response = "refusal" in result ? result.refusal : result.decided;
      uow.put(idempotencyRecords, recordKey(key), { ...key, ...response, attempt: null, createdAt: uow.now });
      return { ...response, replayed: false };
    },
  };
}

/** Returns the stored response of a key, or null. Errors: IDEMPOTENCY_KEY_REUSED. */
export function storedResponse(key: IdempotencyKey): Command<null, KeyedResponse | null> {
  return {
    name: "find stored response",
    needs: () => [need(idempotencyRecords, recordKey(key))],
    decide: (uow) => findResponse(uow, key),
  };
}

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

/** The command's name, preparation and needs, with the key's record as a further need. */
export function withRecord<Input>(
  command: Command<Input, unknown>,
  key: IdempotencyKey,
): Pick<Command<Input, unknown>, "name" | "prepare" | "needs"> {
  const prepare = command.prepare?.bind(command);
  return {
    name: command.name,
    ...(prepare ? { prepare } : {}),
    needs: (input) => [...command.needs(input), need(idempotencyRecords, recordKey(key))],
  };
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
