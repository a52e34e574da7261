// The operator at the console, in this browser: a token, pasted or brought by a link (`/console#token=…`).

import { effect, signal } from "@preact/signals";
import { forgetSeen } from "../shared/resource.ts";
import { keepSession, onOwnerChange } from "../shared/session.ts";

export type Session = { token: string; name: string };

const kept = keepSession<Session>("jangnal.console", read);

export const session = kept.session;
/** The session as it is at this moment, another tab's changes included. */
export const sessionNow = kept.refresh;
/** Why the operator is not signed in any more, or was not let in. */
export const sessionTrouble = signal<"expired" | "no operator" | null>(null);
effect(() => {
  if (session.value !== null) sessionTrouble.value = null;
});
onOwnerChange(() => session.value?.name, forgetSeen);

/** A token in the address is taken and dropped from it at once: neither history nor a copied address shall hold it. */
function takeToken(event?: Event): void {
  const token = /^#token=(.*)$/.exec(location.hash)?.[1];
  if (token === undefined) return;
  // The router sees the next address, not this one.
  event?.stopImmediatePropagation();
  location.replace("#/live");
  signIn(decoded(token));
}
takeToken();
addEventListener("hashchange", takeToken, { capture: true });

/** Takes a token that looks like an operator's; whether it is good the shop will say. */
export function signIn(token: string): boolean {
  const made = sessionOf(token.trim());
  if (made !== null) kept.begin(made);
  sessionTrouble.value = made === null ? "no operator" : null;
  return made !== null;
}

export const signOut = kept.end;

/** The shop has refused this token. */
export function sessionEnded(token: string): void {
  if (kept.endOf(token)) sessionTrouble.value = "expired";
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
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
