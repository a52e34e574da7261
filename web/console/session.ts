// The operator's session in this browser: a token, pasted or brought by a link (`/console#token=…`), or the public name of a session that was
// opened at an issuer. The secret of such a session is in a cookie that scripts cannot read.

import { computed, effect, signal } from "@preact/signals";
import { clearCache } from "../shared/resource.ts";
import { onOwnerChange, storedSession } from "../shared/session.ts";

/** `permissions` of a session that was opened at an issuer; null: all of them. A token names its own. */
export type Session = { token: string; name: string; permissions?: string[] | null };

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
/** Why the operator is signed out: the token expired, it is not an operator's, or the sign-in at the issuer failed. */
export const sessionProblem = signal<"expired" | "no operator" | "forbidden" | "failed" | "unavailable" | null>(null);
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

/** Takes the reason of a failed sign-in out of the address. */
function takeProblemFromAddress(): void {
  const problem = /^#sign-in=(\w+)$/.exec(location.hash)?.[1];
  if (problem === undefined) return;
  location.replace("#/live");
  sessionProblem.value = problem === "forbidden" || problem === "unavailable" ? problem : "failed";
}
takeProblemFromAddress();
addEventListener("hashchange", takeTokenFromAddress, { capture: true });

/** Accepts a token that looks like an operator's. The shop verifies it at the first request. */
export function signIn(token: string): boolean {
  const created = sessionOf(token.trim());
  if (created !== null) stored.start(created);
  sessionProblem.value = created === null ? "no operator" : null;
  return created !== null;
}

/** Resumes the session of this browser's cookie, if there is one. Returns whether operators can sign in at an issuer. */
export async function resumeSession(): Promise<boolean> {
  try {
    const response = await fetch(SESSION_PATH, { cache: "no-store" });
    const { available, session: found } = (await response.json()) as { available: boolean; session: Session | null };
    if (found !== null && session.peek() === null) stored.start(found);
    return available;
  } catch {
    return false;
  }
}

/** Signs out, of a session at an issuer there, too. */
export async function signOut(): Promise<void> {
  const token = session.peek()?.token ?? "";
  // The shop first: the page of the sign-in resumes a session that still exists.
  const endSessionUrl = token.startsWith("session.") ? await endAtShop(token).catch(() => null) : null;
  stored.end();
  if (endSessionUrl !== null) location.assign(endSessionUrl);
}

/** Ends a session at the shop. Returns the address that ends it at the issuer, if there is one. */
async function endAtShop(token: string): Promise<string | null> {
  const response = await fetch(SESSION_PATH, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
  const { endSessionUrl } = (await response.json()) as { endSessionUrl?: string | null };
  return response.ok ? (endSessionUrl ?? null) : null;
}
const SESSION_PATH = "/console/session";

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
  const claim = session.value === null ? undefined : (session.value.permissions ?? claimsOf(session.value.token)?.["permissions"]);
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
    const { token, name, permissions: allowed } = JSON.parse(text ?? "null") as Record<string, unknown>;
    if (typeof token !== "string" || typeof name !== "string") return null;
    return { token, name, ...(Array.isArray(allowed) ? { permissions: allowed.map(String) } : {}) };
  } catch {
    return null;
  }
}
