import type { Caller } from "../http/caller.ts";
import type { Viewer } from "./order-view.ts";

/** Whether the caller may read this user's orders. To any other caller they do not exist. */
export function mayRead(caller: Caller, ownerId: string): boolean {
  return caller.role === "operator" || caller.id === ownerId;
}

/** The caller as a reader of orders. */
export function viewerOf(caller: Caller, { timezone }: { timezone: string }): Viewer {
  return { timezone, isOperator: caller.role === "operator" };
}
