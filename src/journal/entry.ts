// Entries of the operators' journal: who did what. An entry is JSON text, and its hash covers the
// hash of the entry before it.

import { hash } from "node:crypto";
import { iso } from "../database/statement.ts";
import { type Subject, subjectsOfAnswer } from "./subjects.ts";

/** The part of an entry that is known before the request is decided. */
export type EntryDraft = {
  actor: string;
  operation: string;
  permission: string;
  /** Things that the request names. */
  subjects: Subject[];
  /** The type of an `id` in the answer. */
  noun: string;
  /** The request's parameters and body, without personal data. */
  input: Record<string, unknown>;
  requestId: string;
  address: string;
  /** Of work outside of the till: the row that notes that it is running (journal_work). */
  workId?: string;
  /** Of work that changed many things. */
  counts?: Record<string, number>;
};

/** How a request ended. */
export type EntryOutcome = { status: number; body?: unknown };

export type Entry = {
  id: string;
  at: string;
  actor: string;
  operation: string;
  permission: string;
  subjects: Subject[];
  subjectCount: number;
  input: Record<string, unknown>;
  counts?: Record<string, number>;
  requestId: string;
  address: string;
  status: number;
};

/** The end of the chain. */
export type ChainHead = { seq: number; hash: string };
export type ChainEntry = ChainHead & { content: string };

/** The chain before its first entry. */
export const EMPTY_CHAIN: ChainHead = { seq: 0, hash: "0".repeat(64) };
const SUBJECTS_SHOWN = 100;

/** @param now the round's instant, in ms since 1970 */
export function entryOf(draft: EntryDraft, outcome: EntryOutcome, id: string, now: number): Entry {
  const { actor, operation, permission, noun, input, counts, requestId, address } = draft;
  const { status, body } = outcome;
  const subjects = new Map([...draft.subjects, ...(status < 400 ? subjectsOfAnswer(noun, body) : [])].map((subject) => [subject.id, subject]));
  return {
    id,
    at: iso(now),
    actor,
    operation,
    permission,
    subjects: [...subjects.values()].slice(0, SUBJECTS_SHOWN),
    subjectCount: subjects.size,
    input,
    ...(counts === undefined ? {} : { counts }),
    requestId,
    address,
    status,
  };
}

/** The next entry of the chain. */
export function chained(previous: ChainHead, entry: Entry): ChainEntry {
  const content = JSON.stringify(entry);
  return { seq: previous.seq + 1, content, hash: hash("sha256", `${previous.hash}\n${content}`, "hex") };
}
