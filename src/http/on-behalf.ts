import { UUID_PATTERN } from "../ids.ts";
import { refuse } from "../refusal.ts";
import type { Caller } from "./tokens.ts";

const UUID = new RegExp(UUID_PATTERN);
/** The nil UUID (RFC 9562, 5.9): nobody has it. */
const NOBODY = "00000000-0000-0000-0000-000000000000";

/**
 * For whom a request is: the user it names, or the caller. An operator may be called anything; where that is no user's id, it is for nobody,
 * and the rules will say that there is no such user.
 * Errors: FORBIDDEN where a shopper names another.
 */
export function onBehalf(caller: Caller, userId: string | undefined): string {
  const wanted = userId?.toLowerCase() ?? caller.id;
  if (caller.role !== "operator" && wanted !== caller.id) refuse("FORBIDDEN");
  return UUID.test(wanted) ? wanted : NOBODY;
}
