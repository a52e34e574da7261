import { timestampArray, iso, arrayOf, textArray, type Statement } from "../database/statement.ts";
import type { Journal } from "../till/table.ts";

/** Money that the gateway took for something that failed in the shop. `id` is the payment's or the charge's. */
export type UnmatchedCapture = { id: string; paymentKey: string; amount: number; reason: string; createdAt: number };
export type UnmatchedCaptureRow = UnmatchedCapture & { status: "PENDING" | "RETURNED" | "REFUSED"; failure: string | null; asked: number };

const COLUMNS = "(id, payment_key, amount, reason, status, created_at, ask_at)";

/** Written in the round that finds it out. Each is sent back once, whoever finds it again. */
export const unmatchedCaptures: Journal<UnmatchedCapture> = {
  name: "stray money",
  append: (rows) => ({
    name: "insert stray money",
    text: `INSERT INTO stray_money ${COLUMNS} SELECT id, payment_key, amount, reason, 'PENDING', created_at, created_at
           FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[]) v(id, payment_key, amount, reason, created_at) ON CONFLICT DO NOTHING`,
    values: [
      arrayOf(rows, (row) => row.id),
      textArray(rows, (row) => row.paymentKey),
      arrayOf(rows, (row) => row.amount),
      textArray(rows, (row) => row.reason),
      timestampArray(rows, (row) => row.createdAt),
    ],
  }),
};

/** The same, outside of any round: for what failed long ago. */
export function insertUnmatchedCapture(stray: UnmatchedCapture): Statement {
  return unmatchedCaptures.append([stray]);
}

export function selectUnmatchedCapture(id: string): Statement {
  return {
    name: "select stray",
    text: `SELECT id, payment_key AS "paymentKey", amount, reason, status, failure, asked FROM stray_money WHERE id = $1`,
    values: [id],
  };
}

export function selectUnmatchedCapturesToSettle(now: number, every: boolean, limit: number): Statement {
  return {
    name: `select strays to ask${every ? " of all" : ""}`,
    text: `SELECT id FROM stray_money WHERE ask_at IS NOT NULL AND (ask_at <= $1::timestamptz${every ? " OR asked > 0" : ""}) ORDER BY ask_at LIMIT $2`,
    values: [iso(now), limit],
  };
}

/** @param askAt when it is tried again, in ms; null: it is over */
export function updateUnmatchedCapture(
  id: string,
  status: UnmatchedCaptureRow["status"],
  failure: string | null,
  now: number,
  askAt: number | null,
): Statement {
  return {
    name: "update stray",
    text: `UPDATE stray_money SET status = $2, failure = $3, asked = asked + 1, ask_at = $5, settled_at = CASE WHEN $5::timestamptz IS NULL THEN $4::timestamptz END WHERE id = $1 AND status = 'PENDING'`,
    values: [id, status, failure, iso(now), askAt === null ? null : iso(askAt)],
  };
}
