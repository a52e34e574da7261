// Bearer tokens. They are verified synchronously, so that requests reach the till in order of arrival.

import { createDecoder, createSigner, createVerifier } from "fast-jwt";
import { LRUCache } from "lru-cache";
import type { Config } from "../config.ts";
import { UUID_PATTERN } from "../ids.ts";
import { refuse } from "../refusal.ts";
import { type Checks, KeySet, type Verify } from "./key-set.ts";

export type Role = "shopper" | "operator";
/**
 * `id` is the token's `sub`: a shopper's user id, or an operator's name. `rehearsal` marks a simulated buyer's token, so that the live metrics can
 * count its requests apart; the user's row decides the buyer's permissions.
 */
export type Caller = { id: string; role: Role; rehearsal?: true };

export interface Authenticator {
  /** The caller of an `Authorization` header, synchronously unless the token's key has to be fetched first. Errors: UNAUTHENTICATED, UNAVAILABLE. */
  callerOf(header: string | undefined): Caller | Promise<Caller>;
}

const UUID = new RegExp(UUID_PATTERN);
/** Without control characters and unpaired surrogates, because the name is written to the database. */
const SUBJECT = /^[^\p{Cc}\p{Cs}]{1,255}$/u;
/** How far an issuer's clock may differ from the shop's. */
const CLOCK_SKEW_MS = 30_000;
const MAX_CACHED_TOKENS = 50_000;
const MAX_TOKEN_BYTES = 8192;

/** Accepts tokens that are signed with the shop's secret (HS256), or by the issuer whose keys are at `jwksUrl`. Refuses `none` and algorithms that do not fit the key. */
export function authenticator(auth: Config["auth"], secret: string, now: () => number = Date.now): Authenticator {
  const checks: Checks = { clockTolerance: CLOCK_SKEW_MS, ...checksOf(auth) };
  const keys = auth.jwksUrl === undefined ? undefined : new KeySet(auth.jwksUrl, checks, now);
  const bySecret: Verify = createVerifier({ key: secret, algorithms: ["HS256"], cache: false, ...checks });
  const cache = new LRUCache<string, Caller & { until: number }>({ max: MAX_CACHED_TOKENS });

  const accept = (token: string, header: string, verify: Verify): Caller => {
    const { caller, until } = verifiedCaller(verify, token);
    // An entry expires no later than its key.
    cache.set(header, { ...caller, until: keys ? Math.min(until, keys.freshUntil) : until });
    return caller;
  };

  return {
    callerOf(header = "") {
      // By the whole header: its hash, and the token's end within it, are not computed again at each request.
      const seen = cache.get(header);
      if (seen !== undefined && seen.until > now()) return seen;
      const token = /^Bearer +([\w.~+/=-]+)$/i.exec(header)?.[1];
      if (token === undefined || token.length > MAX_TOKEN_BYTES) refuse("UNAUTHENTICATED");
      if (!keys) return accept(token, header, bySecret);
      const verify = keys.find(keyId(token));
      return verify instanceof Promise ? verify.then((found) => accept(token, header, found)) : accept(token, header, verify);
    },
  };
}

/** A configured issuer or audience must be present in every token. */
function checksOf({ issuer, audience }: Config["auth"]): Omit<Checks, "clockTolerance"> {
  return {
    ...(issuer ? { allowedIss: issuer } : {}),
    ...(audience ? { allowedAud: audience } : {}),
    requiredClaims: [...(issuer ? ["iss"] : []), ...(audience ? ["aud"] : [])],
  };
}

function verifiedCaller(verify: Verify, token: string): { caller: Caller; until: number } {
  let payload: Record<string, unknown>;
  try {
    payload = verify(token) as Record<string, unknown>;
  } catch {
    refuse("UNAUTHENTICATED");
  }
  const { sub, role, exp, iat, rehearsal } = payload;
  // fast-jwt checks `iat` only against a maximum age.
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

/** Signs a token with the shop's secret. @param hours how long it is valid */
export function mintToken(
  secret: string,
  { id, role, rehearsal }: Caller,
  hours: number,
  claims: { issuer?: string | undefined; audience?: string | undefined } = {},
): string {
  const sign = createSigner({
    key: secret,
    algorithm: "HS256",
    expiresIn: hours * 3_600_000,
    ...(claims.issuer ? { iss: claims.issuer } : {}),
    ...(claims.audience ? { aud: claims.audience } : {}),
  });
  return sign({ sub: id, role, ...(rehearsal ? { rehearsal } : {}) });
}
