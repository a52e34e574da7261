// The signed-in user, in this browser. The token is the shop's; here it is only kept.

import { effect, signal } from "@preact/signals";
import { forgetSeen } from "../shared/resource.ts";
import { keepSession, onOwnerChange } from "../shared/session.ts";

export type Session = { token: string; userId: string; name: string };

const kept = keepSession<Session>("jangnal.session", read);

export const session = kept.session;
/** The session as it is at this moment, another tab's changes included. */
export const sessionNow = kept.refresh;
/** Whether the last session ended by itself: the shop did not take its token any more. */
export const expired = signal(false);
effect(() => {
  if (session.value !== null) expired.value = false;
});
onOwnerChange(() => session.value?.userId, forgetSeen);

export const signIn = kept.begin;
export const signOut = kept.end;

/** The shop has refused this token. */
export function sessionEnded(token: string): void {
  if (kept.endOf(token)) expired.value = true;
}

/** A session of a token that was made elsewhere. Nothing where it is no token of a shopper. */
export function sessionOf(token: string): Session | null {
  try {
    const payload = token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
    const { sub, role } = JSON.parse(atob(payload)) as { sub?: unknown; role?: unknown };
    return typeof sub === "string" && role === "shopper" ? { token, userId: sub, name: "" } : null;
  } catch {
    return null;
  }
}

function read(kept: string | null): Session | null {
  try {
    const { token, userId, name } = JSON.parse(kept ?? "null") as Record<string, unknown>;
    return typeof token === "string" && typeof userId === "string" ? { token, userId, name: typeof name === "string" ? name : "" } : null;
  } catch {
    return null;
  }
}
