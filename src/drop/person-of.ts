import type { Caller } from "../http/caller.ts";

/**
 * The person for whom the limit of a drop counts: the natural person that the caller's token names, or else the user.
 * @param userId the user that the request is for
 */
export function personOf(caller: Caller, userId: string): string {
  return caller.id === userId ? (caller.person ?? userId) : userId;
}
