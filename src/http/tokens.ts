// Bearer tokens. They are verified synchronously, so that requests reach the till in order of arrival.

import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { createDecoder, createSigner, createVerifier } from "fast-jwt";
import type { AuthSettings } from "../auth-settings.ts";
import { refuse } from "../refusal.ts";
import type { Caller } from "./caller.ts";
import { type Claims, type Identity, identityOf } from "./claims.ts";
import { type Checks, KeySet, type Verify } from "./key-set.ts";
import { lruCache } from "../lru.ts";

export interface Authenticator {
  /**
   * The caller of an `Authorization` header, synchronously unless the token's key has to be fetched first.
   * @param request whose cookies may have the session that the header names
   * Errors: UNAUTHENTICATED, UNAVAILABLE.
   */
  callerOf(header: string | undefined, request?: IncomingMessage): Caller | Promise<Caller>;
}

/** The users of an issuer's shoppers. */
export interface Accounts {
  /**
   * The id of a shopper's user, who is created at the first request if the shop provisions users. Synchronous for a known one.
   * Errors: FORBIDDEN if there is no such user, UNAVAILABLE.
   */
  userOf(externalId: string, name: string): string | Promise<string>;
}

const NO_ACCOUNTS: Accounts = { userOf: () => refuse("FORBIDDEN") };

/** How far an issuer's clock may differ from the shop's. */
const CLOCK_SKEW_MS = 30_000;
/** A rehearsal's token is verified again after this time. */
const REHEARSAL_CACHED_MS = 60_000;
const MAX_CACHED_TOKENS = 50_000;
const MAX_TOKEN_BYTES = 8192;

export type AuthenticatorOptions = { accounts?: Accounts; now?: () => number };

/** Accepts tokens that are signed with the shop's secret (HS256), or by the issuer whose keys are at `jwksUrl`. Refuses `none` and algorithms that do not fit the key. */
export function authenticator(auth: AuthSettings, secret: string, options: AuthenticatorOptions = {}): Authenticator {
  const { accounts = NO_ACCOUNTS, now = Date.now } = options;
  const checks: Checks = { clockTolerance: CLOCK_SKEW_MS, ...checksOf(auth) };
  const keys = auth.jwksUrl === undefined ? undefined : new KeySet(auth.jwksUrl, checks, now);
  const bySecret: Verify = createVerifier({ key: secret, algorithms: ["HS256"], cache: false, ...checks });
  const cache = lruCache<Verified>(MAX_CACHED_TOKENS);

  const accept = (token: string, header: string, verify: Verify): Caller | Promise<Caller> => {
    const claims = verifiedClaims(verify, token);
    const identity = identityOf(claims, auth, keys !== undefined);
    const until = typeof claims["exp"] === "number" ? claims["exp"] * 1000 + CLOCK_SKEW_MS : Number.POSITIVE_INFINITY;
    // An entry expires no later than its key.
    cache.set(header, { identity, until: keys ? Math.min(until, keys.freshUntil) : until });
    return callerFor(identity, accounts);
  };

  // The buyers of rehearsals are the shop's own, also if an issuer signs the tokens of all others.
  const byRehearsal: Verify = createVerifier({ key: rehearsalKey(secret), algorithms: ["HS256"], cache: false, clockTolerance: CLOCK_SKEW_MS });
  const acceptRehearsal = (token: string, header: string): Caller => {
    const caller = rehearsalBuyerOf(verifiedClaims(byRehearsal, token), auth);
    cache.set(header, { identity: { caller }, until: now() + REHEARSAL_CACHED_MS });
    return caller;
  };

  return {
    callerOf(header = "") {
      // By the whole header: its hash, and the token's end within it, are not computed again at each request.
      const seen = cache.get(header);
      if (seen !== undefined && seen.until > now()) return callerFor(seen.identity, accounts);
      const token = /^Bearer +([\w.~+/=-]+)$/i.exec(header)?.[1];
      if (token === undefined || token.length > MAX_TOKEN_BYTES) refuse("UNAUTHENTICATED");
      if (!keys) return accept(token, header, bySecret);
      const { alg, kid } = headerOf(token);
      if (alg === "HS256") return acceptRehearsal(token, header);
      const verify = keys.find(typeof kid === "string" ? kid : "");
      return verify instanceof Promise ? verify.then((found) => accept(token, header, found)) : accept(token, header, verify);
    },
  };
}

type Verified = { identity: Identity; until: number };

/** An issuer's shopper is looked up at each request, because the user's external id can change. */
function callerFor(identity: Identity, accounts: Accounts): Caller | Promise<Caller> {
  if ("caller" in identity) return identity.caller;
  const { externalId, name, person } = identity;
  const shopper = (id: string): Caller => ({ id, role: "shopper", ...(person === undefined ? {} : { person }) });
  const id = accounts.userOf(externalId, name);
  return id instanceof Promise ? id.then(shopper) : shopper(id);
}

/** A configured issuer or audience must be present in every token. */
function checksOf({ issuer, audience }: AuthSettings): Omit<Checks, "clockTolerance"> {
  return {
    ...(issuer ? { allowedIss: issuer } : {}),
    ...(audience ? { allowedAud: audience } : {}),
    requiredClaims: [...(issuer ? ["iss"] : []), ...(audience ? ["aud"] : [])],
  };
}

/** Errors: UNAUTHENTICATED. */
function verifiedClaims(verify: Verify, token: string): Claims {
  let claims: Claims;
  try {
    claims = verify(token) as Claims;
  } catch {
    refuse("UNAUTHENTICATED");
  }
  // fast-jwt checks `iat` only against a maximum age.
  if (typeof claims["iat"] === "number" && claims["iat"] * 1000 > Date.now() + CLOCK_SKEW_MS) refuse("UNAUTHENTICATED");
  return claims;
}

const decode = createDecoder({ complete: true });

function headerOf(token: string): { alg?: unknown; kid?: unknown } {
  try {
    return (decode(token) as { header: { alg?: unknown; kid?: unknown } }).header;
  } catch {
    refuse("UNAUTHENTICATED");
  }
}

/** The key of rehearsals' tokens where an issuer signs all others: no other token of the shop's secret is accepted there. */
function rehearsalKey(secret: string): string {
  return hash("sha256", `jangnal rehearsal ${secret}`, "base64url");
}

/** The claims of rehearsals' tokens where an issuer signs all others: the issuer's names of claims do not matter. */
const REHEARSAL_CLAIMS = { userClaim: "sub", roleClaim: "role", operatorRole: "operator", permissionsClaim: "permissions", personClaim: "person" };

/** Errors: UNAUTHENTICATED for other claims than those of `mintRehearsalToken`. */
function rehearsalBuyerOf(claims: Claims, { personClaim }: AuthSettings): Caller {
  if (claims["role"] !== "shopper" || claims["rehearsal"] !== true) refuse("UNAUTHENTICATED");
  const identity = identityOf(claims, { ...REHEARSAL_CLAIMS, personClaim: personClaim && REHEARSAL_CLAIMS.personClaim }, false);
  return "caller" in identity ? identity.caller : refuse("UNAUTHENTICATED");
}

/** Signs a token for a simulated buyer, who is this person. */
export function mintRehearsalToken(secret: string, buyer: { id: string; person: string }, hours: number, auth: AuthSettings): string {
  const caller: Caller = { ...buyer, role: "shopper", rehearsal: true };
  if (auth.jwksUrl === undefined) return mintToken(secret, caller, hours, auth);
  return mintToken(rehearsalKey(secret), caller, hours, REHEARSAL_CLAIMS);
}

/** How the shop's own tokens are read: by the settings, or by their defaults. */
type MintSettings = Partial<Pick<AuthSettings, "issuer" | "audience" | "userClaim" | "roleClaim" | "operatorRole" | "personClaim">>;

/** Signs a token with the shop's secret. @param hours how long it is valid. `person` is the value of the claim that names a person, if one does */
export function mintToken(secret: string, { id, role, rehearsal, person }: Caller, hours: number, settings: MintSettings = {}): string {
  const { issuer, audience, userClaim = "sub", roleClaim = "role", operatorRole = "operator", personClaim } = settings;
  const sign = createSigner({
    key: secret,
    algorithm: "HS256",
    expiresIn: hours * 3_600_000,
    ...(issuer ? { iss: issuer } : {}),
    ...(audience ? { aud: audience } : {}),
  });
  return sign({
    [userClaim]: id,
    [roleClaim]: role === "operator" ? operatorRole : role,
    ...(rehearsal ? { rehearsal } : {}),
    ...(personClaim && person ? { [personClaim]: person } : {}),
  });
}
