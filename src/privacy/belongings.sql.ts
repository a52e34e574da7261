// Rows with a user's personal data outside of the user's own row and orders.

import { arrayOf, columns, iso, type Statement, textArray } from "../database/statement.ts";
import type { Table } from "../till/table.ts";
import { renderProblem } from "../problem.ts";
import { Refusal } from "../refusal.ts";
import { erasureResponse } from "./erased-profile.ts";

/** The caller and key of a stored response. */
export type ResponseKey = { caller: string; key: string };

export type Belongings = {
  /** The user's orders, in order of their ids. */
  orderIds: string[];
  /** Charges by card whose outcome is not known yet. */
  openCharges: number;
  /** Set when the user is erased: the responses to erase, and since when others may have been stored (ms). */
  erased?: { responses: ResponseKey[]; since: number };
};

/** By user, read under the lock of the user's wallet. */
export const belongings: Table<Belongings> = {
  name: "belongings",
  load: (userIds) => ({
    name: "read belongings",
    text: `SELECT k.id, coalesce((SELECT json_agg(o.id ORDER BY o.id) FROM orders o WHERE o.user_id = k.id), '[]') AS "orderIds",
             (SELECT count(*)::int FROM card_charges c WHERE c.user_id = k.id AND c.ask_at IS NOT NULL) AS "openCharges"
           FROM unnest($1::uuid[]) k(id)`,
    values: [arrayOf(userIds, (id) => id)],
  }),
  read: (row) => [row["id"] as string, { orderIds: row["orderIds"] as string[], openCharges: row["openCharges"] as number }],
  save: (changes) => changes.flatMap(({ key, after }) => (after.erased ? [eraseReturns(after.orderIds), ...eraseResponses(key, after)] : [])),
};

function eraseReturns(orderIds: string[]): Statement {
  return {
    name: "erase reasons of returns",
    text: `UPDATE returns SET reason = '', receive_account = NULL, rejection = CASE WHEN rejection IS NOT NULL THEN '' END,
             customer_rejection = CASE WHEN customer_rejection IS NOT NULL THEN '' END WHERE order_id = ANY($1::uuid[])`,
    values: [arrayOf(orderIds, (id) => id)],
  };
}

/** A repeat of the request gets this response, and does not take effect again. */
const ERASED = renderProblem(new Refusal("USER_NOT_FOUND"), "ko");
const KEYS = columns({ caller: "text", key: "text" }, 3);

function eraseResponses(userId: string, { orderIds, erased: { responses, since } = { responses: [], since: 0 } }: Belongings): Statement[] {
  return [
    {
      name: "erase responses",
      text: `UPDATE idempotency_keys a SET status = $1, body = $2 FROM ${KEYS.unnest} v(${KEYS.names}) WHERE a.caller = v.caller AND a.key = v.key`,
      values: [ERASED.status, ERASED.body, ...KEYS.arrays(responses)],
    },
    {
      name: "erase newer responses",
      text: `UPDATE idempotency_keys a SET status = $5, body = $6 WHERE a.created_at >= $4 AND ${CONCERNS_USER}`,
      values: [...concernValues(userId, orderIds), iso(since), ERASED.status, ERASED.body],
    },
  ];
}

/**
 * Whether a stored response `a` may contain data of the user $1, whose id and orders are $2: each one
 * to the user, and each success of an operator that names one of these ids, but for the erasure $3.
 */
const CONCERNS_USER = `(a.caller = $1 OR (a.status < 300 AND a.body <> $3 AND NOT EXISTS (SELECT FROM users u WHERE u.id::text = a.caller)
  AND EXISTS (SELECT FROM regexp_matches(a.body, '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', 'g') m(id) WHERE m.id[1] = ANY($2::text[]))))`;

function concernValues(userId: string, orderIds: string[]): string[] {
  return [userId, textArray([userId, ...orderIds], (id) => id), erasureResponse(userId)];
}

/** The stored responses that may contain data of this user. Reads the whole table. */
export function selectResponsesAbout(userId: string, orderIds: string[]): Statement {
  return {
    name: "select responses about user",
    text: `SELECT a.caller, a.key FROM idempotency_keys a WHERE ${CONCERNS_USER}`,
    values: concernValues(userId, orderIds),
  };
}

export function selectOrderIds(userId: string): Statement {
  return { name: "select order ids of user", text: "SELECT id FROM orders WHERE user_id = $1 ORDER BY id", values: [userId] };
}
