// The operator's session in this browser: a token, pasted or brought by a link (`/console#token=…`).

import { computed, effect, signal } from "@preact/signals";
import { clearCache } from "../shared/resource.ts";
import { onOwnerChange, storedSession } from "../shared/session.ts";

export type Session = { token: string; name: string };

export type Permission =
  | "catalog"
  | "stock"
  | "coupons"
  | "drops"
  | "orders"
  | "fulfilment"
  | "refunds"
  | "balances"
  | "customers"
  | "reports"
  | "operations";

const stored = storedSession<Session>("jangnal.console", parse);

export const session = stored.session;
/** Returns the session at this moment, including changes by other tabs. */
export const currentSession = stored.refresh;
/** Why the operator is signed out: the token expired, or it is not an operator's. */
export const sessionProblem = signal<"expired" | "no operator" | null>(null);
effect(() => {
  if (session.value !== null) sessionProblem.value = null;
});
onOwnerChange(() => session.value?.name, clearCache);

/** Takes a token out of the address at once, so that neither the history nor a copied address contains it. */
function takeTokenFromAddress(event?: Event): void {
  const token = /^#token=(.*)$/.exec(location.hash)?.[1];
  if (token === undefined) return;
  // The router must not see this address, only the next one.
  event?.stopImmediatePropagation();
  location.replace("#/live");
  signIn(decode(token));
}
takeTokenFromAddress();
addEventListener("hashchange", takeTokenFromAddress, { capture: true });

/** Accepts a token that looks like an operator's. The shop verifies it at the first request. */
export function signIn(token: string): boolean {
  const created = sessionOf(token.trim());
  if (created !== null) stored.start(created);
  sessionProblem.value = created === null ? "no operator" : null;
  return created !== null;
}

export const signOut = stored.end;

/** Ends the session of a token that the shop refused. */
export function sessionEnded(token: string): void {
  if (stored.endOf(token)) sessionProblem.value = "expired";
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The operator's permissions, as the token names them; null: all of them. The shop checks them; the console only hides the rest. */
const permissions = computed((): ReadonlySet<unknown> | null => {
  const claim = session.value === null ? undefined : claimsOf(session.value.token)?.["permissions"];
  return claim === undefined ? null : new Set(Array.isArray(claim) ? claim : [claim]);
});

/** Whether the operator may change data under a permission. */
export const mayChange = (permission: Permission): boolean => permissions.value?.has(permission) ?? true;

/** Whether the operator may read data under a permission; `reports` reads all. */
export const mayRead = (permission: Permission): boolean => mayChange(permission) || mayChange("reports");

function sessionOf(token: string): Session | null {
  const { sub, role } = claimsOf(token) ?? {};
  return typeof sub === "string" && role === "operator" ? { token, name: sub } : null;
}

function claimsOf(token: string): Record<string, unknown> | null {
  try {
    const payload = token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
    const bytes = Uint8Array.from(atob(payload), (character) => character.codePointAt(0) ?? 0);
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function parse(text: string | null): Session | null {
  try {
    const { token, name } = JSON.parse(text ?? "null") as Record<string, unknown>;
    return typeof token === "string" && typeof name === "string" ? { token, name } : null;
  } catch {
    return null;
  }
}
