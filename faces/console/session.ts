// Who is at the console, in this browser: an operator's token, pasted or brought by a link (`/console#token=…`).

import { signal } from "@preact/signals";

export type Session = { token: string; name: string };

const KEPT_AT = "jangnal.console";

export const session = signal<Session | null>(read(localStorage.getItem(KEPT_AT)));
/** Why one is not signed in any more, or was not let in. */
export const sessionTrouble = signal<"expired" | "no operator" | null>(null);

addEventListener("storage", ({ key, newValue }) => {
  if (key === KEPT_AT) session.value = read(newValue);
});

// A token in the address is taken and dropped from it at once: neither history nor a copied address shall hold it.
const brought = /^#token=([\w.~+/=-]+)$/.exec(location.hash)?.[1];
if (brought !== undefined) {
  location.replace("#/live");
  signIn(brought);
}

/** Takes a token that looks like an operator's; whether it is good the shop will say. */
export function signIn(token: string): boolean {
  const made = sessionOf(token.trim());
  sessionTrouble.value = made === null ? "no operator" : null;
  if (made === null) return false;
  localStorage.setItem(KEPT_AT, JSON.stringify(made));
  session.value = made;
  return true;
}

export function signOut(): void {
  localStorage.removeItem(KEPT_AT);
  session.value = null;
}

/** The shop has refused this token. A session that was begun meanwhile is another's. */
export function sessionEnded(token: string): void {
  if (session.value?.token !== token) return;
  signOut();
  sessionTrouble.value = "expired";
}

function sessionOf(token: string): Session | null {
  try {
    const payload = token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
    const bytes = Uint8Array.from(atob(payload), (letter) => letter.codePointAt(0) ?? 0);
    const { sub, role } = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown; role?: unknown };
    return typeof sub === "string" && role === "operator" ? { token, name: sub } : null;
  } catch {
    return null;
  }
}

function read(kept: string | null): Session | null {
  try {
    const { token, name } = JSON.parse(kept ?? "null") as Record<string, unknown>;
    return typeof token === "string" && typeof name === "string" ? { token, name } : null;
  } catch {
    return null;
  }
}
