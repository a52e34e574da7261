// The schedule by which the gateway is asked. Every table of attempts has the columns `payment_key`, `status`, `ask_at` and `asked`.

import { iso, type Statement } from "../database/statement.ts";

export type AttemptTable = "payments" | "refunds" | "card_charges" | "stray_money";

/** How long an attempt that failed without an answer from the gateway is looked up again. */
export const WATCHED_MS = 86_400_000;

/**
 * Ids of the attempts that are longest overdue, those that were asked least first: an attempt whose look-ups hang does not come before
 * another buyer's. @param everyUnknown also those with an unknown outcome that are not due yet
 */
export function selectDueAttempts(table: AttemptTable, now: number, everyUnknown: boolean, limit: number): Statement {
  const unknown = table === "payments" ? "status = 'UNKNOWN' OR closing" : "asked > 0";
  return {
    name: `select due ${table}${everyUnknown ? " and unknown" : ""}`,
    text: `SELECT id FROM (SELECT id, ask_at, asked FROM ${table} WHERE ask_at IS NOT NULL AND (ask_at <= $1::timestamptz${everyUnknown ? ` OR ${unknown}` : ""})
           ORDER BY ask_at LIMIT $2) due ORDER BY asked, ask_at`,
    values: [iso(now), limit],
  };
}

/** Ids of attempts with this key that are open, or that failed and may have been captured all the same. */
export function selectAttemptsByKey(table: AttemptTable, paymentKey: string): Statement {
  return {
    name: `select ${table} by key`,
    text: `SELECT id FROM ${table} WHERE payment_key = $1 AND status IN ('PENDING', 'UNKNOWN', 'WAITING_FOR_DEPOSIT', 'FAILED') LIMIT 10`,
    values: [paymentKey],
  };
}

/**
 * Makes open payments and charges with these keys due now: the gateway has a notification for them. Rows that a round has locked are left
 * out, because waiting for them could deadlock with it; their look-up follows from the notification in memory.
 */
export function makeDue(paymentKeys: string[], now: number): Statement {
  const open = (table: AttemptTable): string =>
    `SELECT id FROM ${table} WHERE payment_key = ANY($1::text[]) AND status IN ('PENDING', 'UNKNOWN', 'WAITING_FOR_DEPOSIT') AND ask_at > $2 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`;
  return {
    name: "make attempts due",
    text: `WITH payment AS (UPDATE payments SET ask_at = $2 WHERE id IN (${open("payments")}))
           UPDATE card_charges SET ask_at = $2 WHERE id IN (${open("card_charges")})`,
    values: [paymentKeys, iso(now)],
  };
}

/**
 * Payment keys by the order id at the gateway, which is an order's or a charge's id with or without a suffix. A deposit's notification names
 * no payment key, and can also say that the bank has taken the deposit back.
 */
export function selectKeysByGatewayOrder(id: string): Statement {
  return {
    name: "select payment keys by order at the gateway",
    text: `SELECT payment_key AS key FROM payments WHERE order_id = $1 AND payment_key IS NOT NULL AND status <> 'REFUNDED'
           UNION SELECT payment_key FROM card_charges WHERE id = $1 LIMIT 20`,
    values: [id],
  };
}

/** When a failed attempt is looked up again; null: never. */
export function updateFailedAttempt(table: AttemptTable, id: string, askAt: number | null, asked: number): Statement {
  return {
    name: `update failed ${table}`,
    text: `UPDATE ${table} SET ask_at = $2, asked = $3 WHERE id = $1 AND status = 'FAILED'`,
    values: [id, askAt === null ? null : iso(askAt), asked],
  };
}
