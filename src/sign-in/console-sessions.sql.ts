import type { Statement } from "../database/statement.ts";

/** Expires after `seconds` by the database's clock. */
export function insertSession(id: string, sealed: string, seconds: number): Statement {
  return {
    name: "insert console session",
    text: "INSERT INTO console_sessions (id, sealed, expires_at) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 s')",
    values: [id, sealed, seconds],
  };
}

export function selectSession(id: string): Statement {
  return {
    name: "select console session",
    text: "SELECT sealed FROM console_sessions WHERE id = $1 AND expires_at > clock_timestamp()",
    values: [id],
  };
}

/** Claims the replacement of a session's tokens for a time. Returns a row to one request. */
export function claimRefresh(id: string, sealed: string, forMs: number): Statement {
  return {
    name: "claim console session",
    text: `UPDATE console_sessions SET claimed_until = clock_timestamp() + $3 * interval '1 ms'
           WHERE id = $1 AND sealed = $2 AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) RETURNING id`,
    values: [id, sealed, forMs],
  };
}

/** Replaces a session's tokens, unless another request has replaced them since they were read. */
export function updateSession(id: string, before: string, after: string): Statement {
  return {
    name: "update console session",
    text: "UPDATE console_sessions SET sealed = $3, claimed_until = NULL WHERE id = $1 AND sealed = $2",
    values: [id, before, after],
  };
}

export function deleteSession(id: string): Statement {
  return { name: "delete console session", text: "DELETE FROM console_sessions WHERE id = $1", values: [id] };
}
