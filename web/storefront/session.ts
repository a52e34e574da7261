// The user's session in this browser. The shop issues and verifies the token; the page only stores it.

import { effect, signal } from "@preact/signals";
import { clearCache } from "../shared/resource.ts";
import { onOwnerChange, storedSession } from "../shared/session.ts";

export type Session = { token: string; userId: string; name: string };

const stored = storedSession<Session>("jangnal.session", parse);

export const session = stored.session;
/** Returns the session at this moment, including changes by other tabs. */
export const currentSession = stored.refresh;
/** Whether the last session ended because the shop refused its token. */
export const expired = signal(false);
effect(() => {
  if (session.value !== null) expired.value = false;
});
onOwnerChange(() => session.value?.userId, clearCache);

export const signIn = stored.start;
export const signOut = stored.end;

/** Ends the session of a token that the shop refused. */
export function sessionEnded(token: string): void {
  if (stored.endOf(token)) expired.value = true;
}

/** The session of a pasted token; null if it is not a shopper's token. */
export function sessionOf(token: string): Session | null {
  try {
    const payload = token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
    const { sub, role } = JSON.parse(atob(payload)) as { sub?: unknown; role?: unknown };
    return typeof sub === "string" && role === "shopper" ? { token, userId: sub, name: "" } : null;
  } catch {
    return null;
  }
}

function parse(text: string | null): Session | null {
  try {
    const { token, userId, name } = JSON.parse(text ?? "null") as Record<string, unknown>;
    return typeof token === "string" && typeof userId === "string" ? { token, userId, name: typeof name === "string" ? name : "" } : null;
  } catch {
    return null;
  }
}
