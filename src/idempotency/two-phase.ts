// Requests that take two rounds, with something slow and unreliable between them. The first round stores the key together with the
// attempt that it begins; so whoever repeats the request, be it after a crash, never begins a second one but comes back to the first.

import { GatewayBusy } from "../gateway/gateway.ts";
import { isAnswer, Refusal } from "../refusal.ts";
import type { Started } from "../till/started-attempt.ts";
import type { Command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { Till } from "../till/till.ts";
import { idempotencyRecords, findStored, type IdempotencyKey, type KeyedResponse } from "./idempotent-command.ts";
import { type Locale, type Rendered, renderProblem } from "../problem.ts";
import type { Submission } from "./submission.ts";

/** How an attempt stands: over, with its answer, or not known yet, which is an answer too but not the last. */
export type AttemptStatus = { over: boolean; status: number; body: unknown } | { over: true; refusal: Refusal };

export type TwoPhaseCommand<Input, Answer> = {
  /** The first round. */
  begin: Command<Input, Started<Answer>>;
  input: Input;
  /** The answer where the first round was all. */
  status: number;
  /** Lets in those who are going to begin something. Errors: GatewayBusy, which is answered BUSY. */
  admit<T>(work: () => Promise<T>): Promise<T>;
  /** Brings an attempt as far as it goes now. @param first it was begun by this very request */
  settle(attempt: string, first: boolean): Promise<AttemptStatus>;
};

/** Submits the first round, then brings what it began to its end, or as far as it goes. */
export function submitTwoPhase<Input, Answer>({ begin, input, status, admit, settle: bring }: TwoPhaseCommand<Input, Answer>): Submission {
  const render = (answer: Answer): Rendered => ({ status, body: JSON.stringify(answer) });

  async function begun(till: Till, key: IdempotencyKey | undefined, locale: Locale, gone: () => boolean): Promise<KeyedResponse> {
    if (!key) {
      const first = await till.submit(begin, input, gone);
      if (first.kind === "answer") return { ...render(first.answer), replayed: false };
      return { ...rendered(await bring(first.id, true), locale), replayed: false };
    }
    const first = await till.submit(beginOnce(begin, key, render, locale), input, gone);
    return first.kind === "kept" ? first.answer : finish(till, key, locale, first.id, first.first);
  }

  async function finish(till: Till, key: IdempotencyKey, locale: Locale, attempt: string, first: boolean): Promise<KeyedResponse> {
    const standing = await bring(attempt, first);
    const answer = rendered(standing, locale);
    if (standing.over) return { ...(await till.finish(keepAnswer(key, answer), null)), replayed: !first };
    return { ...answer, replayed: !first };
  }

  return {
    async to(till, key, locale, gone) {
      // What was answered or begun before needs nobody's leave.
      const kept = key && (await till.submit(keptOrBegun(key), null, gone));
      if (kept) return kept.kind === "kept" ? kept.answer : finish(till, key, locale, kept.id, false);
      try {
        return await admit(() => begun(till, key, locale, gone));
      } catch (error) {
        if (error instanceof GatewayBusy) throw new Refusal("BUSY", { retryAfter: Math.ceil(error.retryAfterMs / 1000) });
        throw error;
      }
    },
  };
}

type Kept = { kind: "kept"; answer: KeyedResponse } | { kind: "attempt"; id: string; first: boolean };

function keptOrBegun(key: IdempotencyKey): Command<null, Kept | null> {
  const id = `${key.caller} ${key.key}`;
  return {
    name: "find answer",
    needs: () => [need(idempotencyRecords, id)],
    decide(uow) {
      const kept = findStored(uow, key);
      if (!kept) return null;
      return kept.attempt === null
        ? { kind: "kept", answer: { status: kept.status, body: kept.body, replayed: true } }
        : { kind: "attempt", id: kept.attempt, first: false };
    },
  };
}

/** The first round, once per key: what is kept is its answer, or the attempt. Errors: IDEMPOTENCY_KEY_REUSED. */
function beginOnce<Input, Answer>(
  begin: Command<Input, Started<Answer>>,
  key: IdempotencyKey,
  render: (answer: Answer) => Rendered,
  locale: Locale,
): Command<Input, Kept> {
  const id = `${key.caller} ${key.key}`;
  const look = keptOrBegun(key);
  return {
    name: begin.name,
    ...(begin.prepare ? { prepare: (input: Input) => (begin.prepare as (input: Input) => Input | Promise<Input>)(input) } : {}),
    needs: (input) => [...begin.needs(input), need(idempotencyRecords, id)],

    decide(uow, input) {
      const kept = look.decide(uow, null);
      if (kept) return kept;
      let answer: Rendered;
      try {
        const first = begin.decide(uow, input);
        if (first.kind === "attempt") {
          uow.put(idempotencyRecords, id, { ...key, status: 202, body: "", attempt: first.id, createdAt: uow.now });
          return { kind: "attempt", id: first.id, first: true };
        }
        answer = render(first.answer);
      } catch (error) {
        if (!(error instanceof Refusal) || !isAnswer(error.code)) throw error;
        uow.drop(); // Refused: nothing of it remains but that it was refused.
        answer = renderProblem(error, locale);
      }
      uow.put(idempotencyRecords, id, { ...key, ...answer, attempt: null, createdAt: uow.now });
      return { kind: "kept", answer: { ...answer, replayed: false } };
    },
  };
}

/** Keeps the answer that an attempt came to, unless somebody has done so; answers what is kept. */
function keepAnswer(key: IdempotencyKey, answer: Rendered): Command<null, Rendered> {
  const id = `${key.caller} ${key.key}`;
  return {
    name: "keep answer",
    needs: () => [need(idempotencyRecords, id)],
    decide(uow) {
      const kept = findStored(uow, key);
      if (!kept) return answer; // Purged meanwhile: nobody comes for it any more.
      if (kept.attempt === null) return { status: kept.status, body: kept.body };
      uow.put(idempotencyRecords, id, { ...kept, ...answer, attempt: null });
      return answer;
    },
  };
}

function rendered(standing: AttemptStatus, locale: Locale): Rendered {
  return "refusal" in standing ? renderProblem(standing.refusal, locale) : { status: standing.status, body: JSON.stringify(standing.body) };
}
