import type { Caller } from "../http/caller.ts";

/** Whether the caller may read this user's orders. To any other caller they do not exist. */
export function mayRead(caller: Caller, ownerId: string): boolean {
  return caller.role === "operator" || caller.id === ownerId;
}
