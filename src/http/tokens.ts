// Who calls: a bearer token, checked without leaving the thread, so that requests reach the till in the order in which they came.

import { hash as hashOf } from "node:crypto";
import { createDecoder, createSigner, createVerifier } from "fast-jwt";
import { LRUCache } from "lru-cache";
import type { Config } from "../config.ts";
import { UUID_PATTERN } from "../ids.ts";
import { refuse } from "../refusal.ts";
import { type Checks, KeySet, type Verify } from "./key-set.ts";

export type Role = "shopper" | "operator";
/**
 * `id` is the token's `sub`: for a shopper the user's id, for an operator any name. `rehearsal` marks a simulated buyer's token, so that the live
 * figures can tell its requests apart; what such a buyer may do is decided by the user's row.
 */
export type Caller = { id: string; role: Role; rehearsal?: true };

export interface Authenticator {
  /** The caller of an `Authorization` header. At once, but for the first token of a key that has still to be fetched. Errors: UNAUTHENTICATED, UNAVAILABLE. */
  callerOf(header: string | undefined): Caller | Promise<Caller>;
}

const UUID = new RegExp(UUID_PATTERN);
/** Neither control characters nor half surrogate pairs: the name is written to the database. */
const SUBJECT = /^[^\p{Cc}\p{Cs}]{1,255}$/u;
/** By how much an issuer's clock may differ from ours. */
const CLOCK_SKEW_MS = 30_000;
const TOKENS_KEPT = 50_000;
const MOST_TOKEN_BYTES = 8192;

/** Tokens signed with the shop's secret (HS256) or by an issuer whose keys stand at `jwksUrl`. `none` and every algorithm that the key is not for are refused. */
export function authenticator(auth: Config["auth"], secret: string, now: () => number = Date.now): Authenticator {
  const checks: Checks = { clockTolerance: CLOCK_SKEW_MS, ...checksOf(auth) };
  const keys = auth.jwksUrl === undefined ? undefined : new KeySet(auth.jwksUrl, checks, now);
  const bySecret: Verify = createVerifier({ key: secret, algorithms: ["HS256"], cache: false, ...checks });
  const known = new LRUCache<string, Caller & { until: number }>({ max: TOKENS_KEPT });

  const accept = (token: string, hash: string, verify: Verify): Caller => {
    const { caller, until } = claims(verify, token);
    // Kept under its hash: no token lies in memory longer than its request. Not for longer than its key is trusted.
    known.set(hash, { ...caller, until: keys ? Math.min(until, keys.freshUntil) : until });
    return caller;
  };

  return {
    callerOf(header) {
      const token = /^Bearer +([\w.~+/=-]+)$/i.exec(header ?? "")?.[1];
      if (token === undefined || token.length > MOST_TOKEN_BYTES) refuse("UNAUTHENTICATED");
      const hash = hashOf("sha256", token, "base64");
      const seen = known.get(hash);
      if (seen && seen.until > now()) return seen;
      if (!keys) return accept(token, hash, bySecret);
      const verify = keys.find(keyId(token));
      return verify instanceof Promise ? verify.then((found) => accept(token, hash, found)) : accept(token, hash, verify);
    },
  };
}

/** A token that does not say who issued it, or for whom, is not one of the issuer's for us. */
function checksOf({ issuer, audience }: Config["auth"]): Omit<Checks, "clockTolerance"> {
  return {
    ...(issuer ? { allowedIss: issuer } : {}),
    ...(audience ? { allowedAud: audience } : {}),
    requiredClaims: [...(issuer ? ["iss"] : []), ...(audience ? ["aud"] : [])],
  };
}

function claims(verify: Verify, token: string): { caller: Caller; until: number } {
  let payload: Record<string, unknown>;
  try {
    payload = verify(token) as Record<string, unknown>;
  } catch {
    refuse("UNAUTHENTICATED");
  }
  const { sub, role, exp, iat, rehearsal } = payload;
  // The library looks at `iat` only for a token's age.
  if (typeof iat === "number" && iat * 1000 > Date.now() + CLOCK_SKEW_MS) refuse("UNAUTHENTICATED");
  if (typeof sub !== "string" || !SUBJECT.test(sub) || (role !== "shopper" && role !== "operator")) refuse("UNAUTHENTICATED");
  if (role === "shopper" && !UUID.test(sub)) refuse("UNAUTHENTICATED");
  return {
    caller: { id: UUID.test(sub) ? sub.toLowerCase() : sub, role, ...(rehearsal === true ? { rehearsal } : {}) },
    until: typeof exp === "number" ? exp * 1000 + CLOCK_SKEW_MS : Number.POSITIVE_INFINITY,
  };
}

const decode = createDecoder({ complete: true });

function keyId(token: string): string {
  try {
    const { header } = decode(token) as { header: { kid?: unknown } };
    return typeof header.kid === "string" ? header.kid : "";
  } catch {
    refuse("UNAUTHENTICATED");
  }
}

/** A token of the shop's own, for `npx jangnal token` and the demo. @param hours how long it is good for */
export function mintToken(
  secret: string,
  { id, role, rehearsal }: Caller,
  hours: number,
  extra: { issuer?: string | undefined; audience?: string | undefined } = {},
): string {
  const sign = createSigner({
    key: secret,
    algorithm: "HS256",
    expiresIn: hours * 3_600_000,
    ...(extra.issuer ? { iss: extra.issuer } : {}),
    ...(extra.audience ? { aud: extra.audience } : {}),
  });
  return sign({ sub: id, role, ...(rehearsal ? { rehearsal } : {}) });
}
