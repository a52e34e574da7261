// Entries as they are listed and looked for, outside of rounds.

import { arrayOf, iso, type Statement, textArray } from "../database/statement.ts";
import type { Entry, EntryStatus } from "./drop.ts";

const ENTRY = `e.id, e.number, e.user_id AS "userId", e.variant_id AS "variantId", e.quantity, e.status, e.held_until AS "heldUntil", e.rank,
  e.order_id AS "orderId", e.ended_at AS "endedAt"`;

export type FoundEntryRow = Entry & { dropId: string; person: string; productId: string; isDrawn: boolean };

/** The last entries of people, by `personKey`. */
export function selectEntriesOfPeople(keys: string[]): Statement {
  return {
    name: "select entries of people",
    text: `SELECT e.* FROM unnest($1::uuid[], $2::text[]) k(drop_id, person) CROSS JOIN LATERAL
             (SELECT ${ENTRY}, p.drop_id AS "dropId", p.person, d.product_id AS "productId", d.drawn_at IS NOT NULL AS "isDrawn" FROM drop_people p
              JOIN drop_entries e ON e.drop_id = p.drop_id AND e.number = p.entry JOIN drops d ON d.id = p.drop_id
              WHERE p.drop_id = k.drop_id AND p.person = k.person OFFSET 0) e`,
    values: [arrayOf(keys, (key) => key.slice(0, 36)), textArray(keys, (key) => key.slice(37))],
  };
}

/** An entry as its owner sees it. The rank is with the draw. */
export type OwnEntryRow = Pick<Entry, "id" | "number" | "userId" | "variantId" | "quantity" | "status" | "heldUntil"> & { place: number };

/** The last entries of people in one drop. `place` counts from 1 in `persons`. Few columns: a page that waits asks for its entry. */
export function selectOwnEntries(dropId: string, persons: string[]): Statement {
  return {
    name: "select own entries",
    text: `SELECT k.place::int, e.* FROM unnest($2::text[]) WITH ORDINALITY k(person, place) CROSS JOIN LATERAL
             (SELECT e.id, e.number, e.user_id AS "userId", e.variant_id AS "variantId", e.quantity, e.status, e.held_until AS "heldUntil"
              FROM drop_people p JOIN drop_entries e ON e.drop_id = p.drop_id AND e.number = p.entry
              WHERE p.drop_id = $1 AND p.person = k.person OFFSET 0) e`,
    values: [dropId, textArray(persons, (person) => person)],
  };
}

/** Entries of a drop after this number. A status of WAITING means that the line goes on, LOST also that it is over. */
export function selectEntryPage(dropId: string, statuses: EntryStatus[] | null, after: number, limit: number): Statement {
  return {
    name: "select entry page",
    text: `SELECT ${ENTRY}, e.created_at AS "createdAt" FROM drop_entries e WHERE e.drop_id = $1 AND e.number > $2 AND ($3::text[] IS NULL OR e.status = ANY($3::text[]))
           ORDER BY e.number LIMIT $4`,
    values: [dropId, after, statuses, limit],
  };
}

/** A hold and the instant (ms) at which it lapses. */
export type LapsedHold = { dropId: string; person: string; number: number; dueAt: number };

/** Holds that lapse at or before `now`, the longest ago first, without those of paused drops. */
export function selectLapsedHolds(now: number, limit: number): Statement {
  return {
    name: "select lapsed holds",
    text: `SELECT d.id AS "dropId", e.person, e.number, floor(extract(epoch FROM e.held_until) * 1000)::bigint + d.paused_ms AS "dueAt" FROM drops d CROSS JOIN LATERAL
             (SELECT person, number, held_until FROM drop_entries WHERE drop_id = d.id AND status = 'HELD'
                AND held_until <= $1::timestamptz - d.paused_ms * interval '1 ms' ORDER BY held_until LIMIT $2) e
           WHERE d.mode <> 'DIRECT' AND d.closed_at IS NULL AND d.paused_at IS NULL ORDER BY e.held_until LIMIT $2`,
    values: [iso(now), limit],
  };
}
