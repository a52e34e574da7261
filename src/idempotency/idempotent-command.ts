// The effect of a keyed request happens once per caller and key: the key and the first answer are written in the effect's own
// transaction, and whoever comes again gets that answer.

import { hash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { timestampArray, arrayOf, textArray, type Statement } from "../database/statement.ts";
import { invalid, isAnswer, Refusal, refuse } from "../refusal.ts";
import type { Command } from "../till/command.ts";
import { type Change, need, type Table } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { type Locale, type Rendered, renderProblem } from "../problem.ts";

export type IdempotencyKey = { caller: string; key: string; fingerprint: string };
export type KeyedResponse = Rendered & { replayed: boolean };

/** With an `attempt`, what is kept is not the answer yet but what the request began (two-rounds.ts). */
export type IdempotencyRecord = IdempotencyKey & Rendered & { attempt: string | null; createdAt: number };

/** Answers given so far, by caller and key. The primary key settles what two rounds write at once. */
export const idempotencyRecords: Table<IdempotencyRecord> = {
  name: "answers",
  load: (ids) => ({
    name: "read answers",
    // OFFSET 0 keeps it a look-up for each key: as a join it becomes a scan of the whole table where that was once believed to be empty.
    text: `SELECT a.* FROM unnest($1::text[], $2::text[]) k(caller, key) CROSS JOIN LATERAL
             (SELECT caller, key, fingerprint, status, body, attempt FROM idempotency_keys WHERE caller = k.caller AND key = k.key OFFSET 0) a`,
    values: [textArray(ids, (id) => id.slice(0, id.lastIndexOf(" "))), textArray(ids, (id) => id.slice(id.lastIndexOf(" ") + 1))],
  }),
  read: (row) => [`${row["caller"]} ${row["key"]}`, row as IdempotencyRecord],
  save(changes) {
    const given = changes.filter((change) => change.before === undefined);
    const ended = changes.filter((change) => change.before !== undefined);
    return [...(given.length > 0 ? [insertAnswers(given)] : []), ...(ended.length > 0 ? [updateAnswers(ended)] : [])];
  },
};

function insertAnswers(changes: Change<IdempotencyRecord>[]): Statement {
  return {
    name: "insert answers",
    text: `INSERT INTO idempotency_keys (caller, key, fingerprint, status, body, attempt, created_at)
           SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::uuid[], $7::timestamptz[])`,
    values: [
      textArray(changes, ({ after }) => after.caller),
      textArray(changes, ({ after }) => after.key),
      textArray(changes, ({ after }) => after.fingerprint),
      arrayOf(changes, ({ after }) => after.status),
      textArray(changes, ({ after }) => after.body),
      arrayOf(changes, ({ after }) => after.attempt),
      timestampArray(changes, ({ after }) => after.createdAt),
    ],
  };
}

/** The answer that an attempt came to. Whoever is first writes it, and it stays. */
function updateAnswers(changes: Change<IdempotencyRecord>[]): Statement {
  return {
    name: "update answers",
    text: `UPDATE idempotency_keys a SET status = v.status, body = v.body, attempt = NULL
           FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[]) v(caller, key, status, body) WHERE a.caller = v.caller AND a.key = v.key AND a.attempt IS NOT NULL`,
    values: [
      textArray(changes, ({ after }) => after.caller),
      textArray(changes, ({ after }) => after.key),
      arrayOf(changes, ({ after }) => after.status),
      textArray(changes, ({ after }) => after.body),
    ],
  };
}

/**
 * The same command, done once per key. The shop's own refusals are answers and are kept; what never reached the rules is not.
 * Errors: IDEMPOTENCY_KEY_REUSED where the key came with another request.
 * @param render the answer as it goes out, status and body
 */
export function idempotent<Input, Answer>(
  command: Command<Input, Answer>,
  { caller, key, fingerprint }: IdempotencyKey,
  render: (answer: Answer) => Rendered,
  locale: Locale,
): Command<Input, KeyedResponse> {
  const id = `${caller} ${key}`;
  return {
    name: command.name,
    ...(command.prepare ? { prepare: (input: Input) => (command.prepare as (input: Input) => Input | Promise<Input>)(input) } : {}),
    needs: (input) => [...command.needs(input), need(idempotencyRecords, id)],

    decide(uow, input) {
      const kept = find(uow, { caller, key, fingerprint });
      if (kept) return kept;
      let rendered: Rendered;
      try {
        rendered = render(command.decide(uow, input));
      } catch (error) {
        if (!(error instanceof Refusal) || !isAnswer(error.code)) throw error;
        uow.drop(); // Refused: nothing of it remains but that it was refused.
        rendered = renderProblem(error, locale);
      }
      uow.put(idempotencyRecords, id, { caller, key, fingerprint, ...rendered, attempt: null, createdAt: uow.now });
      return { ...rendered, replayed: false };
    },
  };
}

/** Looks up the answer that was kept under a key, or null. Errors: IDEMPOTENCY_KEY_REUSED. */
export function storedResponse({ caller, key, fingerprint }: IdempotencyKey): Command<null, KeyedResponse | null> {
  return {
    name: "find answer",
    needs: () => [need(idempotencyRecords, `${caller} ${key}`)],
    decide: (uow) => find(uow, { caller, key, fingerprint }),
  };
}

function find(uow: UnitOfWork, key: IdempotencyKey): KeyedResponse | null {
  const kept = findStored(uow, key);
  return kept ? { status: kept.status, body: kept.body, replayed: true } : null;
}

/** What is kept under a key, if anything. Errors: IDEMPOTENCY_KEY_REUSED. */
export function findStored(uow: UnitOfWork, { caller, key, fingerprint }: IdempotencyKey): IdempotencyRecord | undefined {
  const kept = uow.find(idempotencyRecords, `${caller} ${key}`);
  if (kept && kept.fingerprint !== fingerprint) refuse("IDEMPOTENCY_KEY_REUSED");
  return kept;
}

/** Errors: INVALID_REQUEST where a key is not 1–255 visible ASCII characters. */
export function checkKey(key: unknown): void {
  if (key !== undefined && !(typeof key === "string" && /^[\x21-\x7e]{1,255}$/.test(key)))
    invalid("/headers/idempotency-key", "must be 1 to 255 visible ASCII characters");
}

/** The key of a request that was checked, with what it stands for: this route, the ids in its path, its body. What a query says changes no effect. */
export function keyOf({ method, routeOptions, params, body, headers }: FastifyRequest, caller: string): IdempotencyKey | undefined {
  const key = headers["idempotency-key"];
  if (typeof key !== "string") return undefined;
  const fingerprint = hash("sha256", `${method} ${routeOptions.url} ${canonical(params)} ${canonical(body)}`, "base64url");
  return { caller, key, fingerprint };
}

/** JSON with its members in order, so that a client that writes them in another one repeats the same request. */
function canonical(value: unknown): string {
  return JSON.stringify(inOrder(value ?? null));
}

function inOrder(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(inOrder);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, inOrder(member)]),
  );
}
