// Who is signed in, in this browser. The token is the shop's; here it is only kept.

import { signal } from "@preact/signals";

export type Session = { token: string; userId: string; name: string };

const KEPT_AT = "jangnal.session";

export const session = signal<Session | null>(read(localStorage.getItem(KEPT_AT)));
/** Whether the last session ended by itself: the shop did not take its token any more. */
export const expired = signal(false);

// Another tab signs in or out: so does this one.
addEventListener("storage", ({ key, newValue }) => {
  if (key === KEPT_AT) session.value = read(newValue);
});

export function signIn(made: Session): void {
  localStorage.setItem(KEPT_AT, JSON.stringify(made));
  expired.value = false;
  session.value = made;
}

export function signOut(): void {
  localStorage.removeItem(KEPT_AT);
  session.value = null;
}

/** The shop has refused this token. A session that was begun meanwhile is another's. */
export function sessionEnded(token: string): void {
  if (session.value?.token !== token) return;
  signOut();
  expired.value = true;
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
