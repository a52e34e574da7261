import { timestampArray, iso, arrayOf, textArray, type Statement } from "../database/statement.ts";
import type { Journal } from "../till/table.ts";

/** Money that the gateway captured for an attempt that failed in the shop. `id` is the payment's or the charge's. Amount in minor units. */
export type UnmatchedCapture = { id: string; paymentKey: string; amount: number; reason: string; createdAt: number };
export type UnmatchedCaptureRow = UnmatchedCapture & {
  status: "PENDING" | "RETURNED" | "REFUSED";
  failure: string | null;
  askAt: number | null;
  asked: number;
};

/** An attempt has at most one row, so its money goes back once, even if two instances find it. */
export const unmatchedCaptures: Journal<UnmatchedCapture> = {
  name: "stray money",
  append: (rows) => ({
    name: "insert unmatched captures",
    text: `INSERT INTO stray_money (id, payment_key, amount, reason, status, created_at, ask_at)
           SELECT id, payment_key, amount, reason, 'PENDING', created_at, created_at
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

/** The same outside of a round, for an attempt that failed some time ago. */
export function insertUnmatchedCapture(captured: UnmatchedCapture): Statement {
  return unmatchedCaptures.append([captured]);
}

export function selectUnmatchedCapture(id: string): Statement {
  return {
    name: "select unmatched capture",
    text: `SELECT id, payment_key AS "paymentKey", amount, reason, status, failure, created_at AS "createdAt", ask_at AS "askAt", asked
           FROM stray_money WHERE id = $1`,
    values: [id],
  };
}

export function selectUnmatchedCapturesToSettle(now: number, everyUnknown: boolean, limit: number): Statement {
  return {
    name: `select unmatched captures to ask${everyUnknown ? " and unknown" : ""}`,
    text: `SELECT id FROM stray_money WHERE ask_at IS NOT NULL AND (ask_at <= $1::timestamptz${everyUnknown ? " OR asked > 0" : ""}) ORDER BY ask_at LIMIT $2`,
    values: [iso(now), limit],
  };
}

/** @param askAt when the gateway is asked again, in ms; null if the outcome is known */
export function updateUnmatchedCapture(
  id: string,
  status: UnmatchedCaptureRow["status"],
  failure: string | null,
  now: number,
  askAt: number | null,
): Statement {
  return {
    name: "update unmatched capture",
    text: `UPDATE stray_money SET status = $2, failure = $3, asked = asked + 1, ask_at = $5, settled_at = CASE WHEN $5::timestamptz IS NULL THEN $4::timestamptz END WHERE id = $1 AND status = 'PENDING'`,
    values: [id, status, failure, iso(now), askAt === null ? null : iso(askAt)],
  };
}
