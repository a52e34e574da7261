// Who calls: a bearer token, checked without leaving the thread, so that requests reach the till in the order in which they came.

import { createHash, createPublicKey, type JsonWebKey } from "node:crypto";
import { type Algorithm, createDecoder, createSigner, createVerifier } from "fast-jwt";
import { LRUCache } from "lru-cache";
import type { Config } from "../config.ts";
import { UUID_PATTERN } from "../ids.ts";
import { refuse } from "../refusal.ts";

export type Role = "shopper" | "operator";
/** `id` is the token's `sub`: for a shopper the user's id, for an operator any name. */
export type Caller = { id: string; role: Role };

export interface Authenticator {
  /** The caller of an `Authorization` header. At once, but for the first token of a key that has still to be fetched. Errors: UNAUTHENTICATED. */
  callerOf(header: string | undefined): Caller | Promise<Caller>;
}

const UUID = new RegExp(UUID_PATTERN);
const TOKENS_KEPT = 50_000;
const MOST_TOKEN_BYTES = 8192;
const REFETCH_AFTER_MS = 30_000;
const FETCH_TIMEOUT_MS = 5000;

type Verify = (token: string) => unknown;
type Checks = { allowedIss?: string; allowedAud?: string };

/** Tokens signed with the shop's secret (HS256) or by an issuer whose keys stand at `jwksUrl`. `none` and every algorithm that the key is not for are refused. */
export function authenticator(auth: Config["auth"], secret: string): Authenticator {
  const checks: Checks = { ...(auth.issuer ? { allowedIss: auth.issuer } : {}), ...(auth.audience ? { allowedAud: auth.audience } : {}) };
  const keys = auth.jwksUrl === undefined ? undefined : new KeySet(auth.jwksUrl, checks);
  const bySecret: Verify = createVerifier({ key: secret, algorithms: ["HS256"], cache: false, ...checks });
  const known = new LRUCache<string, Caller & { until: number }>({ max: TOKENS_KEPT });

  const accept = (token: string, verify: Verify): Caller => {
    const { caller, until } = claims(verify, token);
    // Kept under its hash: no token lies in memory longer than its request.
    known.set(digest(token), { ...caller, until });
    return caller;
  };

  return {
    callerOf(header) {
      const token = /^Bearer +([\w.~+/=-]+)$/i.exec(header ?? "")?.[1];
      if (token === undefined || token.length > MOST_TOKEN_BYTES) refuse("UNAUTHENTICATED");
      const seen = known.get(digest(token));
      if (seen && seen.until > Date.now()) return seen;
      if (!keys) return accept(token, bySecret);
      const verify = keys.find(token);
      return verify instanceof Promise ? verify.then((found) => accept(token, found)) : accept(token, verify);
    },
  };
}

function digest(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

function claims(verify: Verify, token: string): { caller: Caller; until: number } {
  let payload: Record<string, unknown>;
  try {
    payload = verify(token) as Record<string, unknown>;
  } catch {
    refuse("UNAUTHENTICATED");
  }
  const { sub, role, exp } = payload;
  if (typeof sub !== "string" || !/^[^\p{Cc}]{1,255}$/u.test(sub) || (role !== "shopper" && role !== "operator")) refuse("UNAUTHENTICATED");
  if (role === "shopper" && !UUID.test(sub)) refuse("UNAUTHENTICATED");
  return { caller: { id: UUID.test(sub) ? sub.toLowerCase() : sub, role }, until: typeof exp === "number" ? exp * 1000 : Number.POSITIVE_INFINITY };
}

const decode = createDecoder({ complete: true });

/** An issuer's public keys, fetched when a token names one that is not known, at most every half minute. */
class KeySet {
  readonly #url: string;
  readonly #checks: Checks;
  #verifiers = new Map<string, Verify>();
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(url: string, checks: Checks) {
    this.#url = url;
    this.#checks = checks;
  }

  find(token: string): Verify | Promise<Verify> {
    const kid = keyId(token);
    const known = this.#verifiers.get(kid);
    if (known) return known;
    if (Date.now() - this.#fetchedAt < REFETCH_AFTER_MS && !this.#fetching) refuse("UNAUTHENTICATED");
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching.then(() => this.#verifiers.get(kid) ?? refuse("UNAUTHENTICATED"));
  }

  async #fetch(): Promise<void> {
    this.#fetchedAt = Date.now();
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
      const { keys } = (await response.json()) as { keys: (JsonWebKey & { kid?: string; use?: string })[] };
      const verifiers = new Map<string, Verify>();
      for (const jwk of keys) {
        const algorithms = algorithmsOf(jwk);
        if (algorithms.length === 0 || (jwk.use ?? "sig") !== "sig") continue;
        const key = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
        verifiers.set(jwk.kid ?? "", createVerifier({ key, algorithms, cache: false, ...this.#checks }));
      }
      this.#verifiers = verifiers;
    } catch {
      refuse("UNAVAILABLE", { retryAfter: 5 });
    }
  }
}

function keyId(token: string): string {
  try {
    const { header } = decode(token) as { header: { kid?: unknown } };
    return typeof header.kid === "string" ? header.kid : "";
  } catch {
    refuse("UNAUTHENTICATED");
  }
}

/** What a public key may be used with: never the symmetric algorithms, whatever the token says. */
function algorithmsOf({ kty, crv, alg }: JsonWebKey & { alg?: string }): Algorithm[] {
  const possible: Algorithm[] =
    kty === "RSA" ? ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] : kty === "OKP" ? ["EdDSA"] : crv === "P-256" ? ["ES256"] : crv === "P-384" ? ["ES384"] : crv === "P-521" ? ["ES512"] : [];
  return alg === undefined ? possible : possible.filter((one) => one === alg);
}

/** A token of the shop's own, for `npx jangnal token` and the demo. @param hours how long it is good for */
export function mintToken(secret: string, { id, role }: Caller, hours: number, extra: { issuer?: string | undefined; audience?: string | undefined } = {}): string {
  const sign = createSigner({ key: secret, algorithm: "HS256", expiresIn: hours * 3_600_000, ...(extra.issuer ? { iss: extra.issuer } : {}), ...(extra.audience ? { aud: extra.audience } : {}) });
  return sign({ sub: id, role });
}
