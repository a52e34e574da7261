import { UUID_PATTERN } from "../ids.ts";
import { refuse } from "../refusal.ts";
import type { Caller } from "./caller.ts";

const UUID = new RegExp(UUID_PATTERN);
/** The nil UUID (RFC 9562, 5.9): no user has it. */
const NO_USER = "00000000-0000-0000-0000-000000000000";

/**
 * The user that a request is for: the user that it names, or the caller. An operator's own name need not be a user's id; then the
 * request is for the nil UUID, and the rules refuse it with USER_NOT_FOUND.
 * Errors: FORBIDDEN if a shopper names another user.
 */
export function onBehalf(caller: Caller, userId: string | undefined): string {
  const wanted = userId?.toLowerCase() ?? caller.id;
  if (caller.role !== "operator" && wanted !== caller.id) refuse("FORBIDDEN");
  return UUID.test(wanted) ? wanted : NO_USER;
}
