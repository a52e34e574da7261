import { columns, iso, type Statement } from "../database/statement.ts";
import type { Journal } from "../till/table.ts";
import type { GatewayOutcome } from "./outcome.ts";

/** Money that the gateway captured for an attempt that failed in the shop. `id` is the payment's or the charge's. Amount in minor units. */
export type UnmatchedCapture = { id: string; paymentKey: string; amount: number; reason: string; createdAt: number };
export type UnmatchedCaptureRow = UnmatchedCapture & {
  status: "PENDING" | "RETURNED" | "REFUSED";
  failure: string | null;
  askAt: number | null;
  asked: number;
  keyNumber: number;
};

const COLUMNS = columns({ id: "uuid", payment_key: "text", amount: "bigint", reason: "text", created_at: "timestamptz" });

/** An attempt has at most one row, so its money goes back once, even if two instances find it. */
export const unmatchedCaptures: Journal<UnmatchedCapture> = {
  name: "unmatched captures",
  append: (rows) => ({
    name: "insert unmatched captures",
    text: `INSERT INTO stray_money (${COLUMNS.names}, status, ask_at)
           SELECT ${COLUMNS.names}, 'PENDING', created_at FROM ${COLUMNS.unnest} v(${COLUMNS.names}) ON CONFLICT DO NOTHING`,
    values: COLUMNS.arrays(rows),
  }),
};

/** The same outside of a round, for an attempt that failed some time ago. */
export function insertUnmatchedCapture(captured: UnmatchedCapture): Statement {
  return unmatchedCaptures.append([captured]);
}

export function selectUnmatchedCapture(id: string): Statement {
  return {
    name: "select unmatched capture",
    text: `SELECT id, payment_key AS "paymentKey", amount, reason, status, failure, created_at AS "createdAt", ask_at AS "askAt", asked, key_number AS "keyNumber"
           FROM stray_money WHERE id = $1`,
    values: [id],
  };
}

/** Writes the gateway's answer. @param askAgainMs pause before the gateway is asked again; null: never */
export function updateUnmatchedCapture(id: string, outcome: GatewayOutcome, now: number, askAgainMs: number | null): Statement {
  const status = outcome.kind === "unknown" ? "PENDING" : outcome.kind === "done" ? "RETURNED" : "REFUSED";
  return {
    name: "update unmatched capture",
    text: `UPDATE stray_money SET status = $2, failure = $3, asked = asked + 1, ask_at = $5, key_number = coalesce($6::int, key_number), settled_at = CASE WHEN $5::timestamptz IS NULL THEN $4::timestamptz END
           WHERE id = $1 AND status = 'PENDING'`,
    values: [
      id,
      status,
      outcome.kind === "done" ? null : outcome.reason,
      iso(now),
      askAgainMs === null ? null : iso(now + askAgainMs),
      outcome.kind === "unknown" ? (outcome.keyNumber ?? null) : null,
    ],
  };
}
