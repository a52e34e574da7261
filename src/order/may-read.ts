import type { Caller } from "../http/tokens.ts";

/**
 * Whether the caller may read an order of this user. If not, the caller is told that the order does
 * not exist.
 */
export function mayRead(caller: Caller, ownerId: string): boolean {
  return caller.role === "operator" || caller.id === ownerId;
}
