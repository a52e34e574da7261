// An issuer's public keys (JWKS, RFC 7517), read when they are needed.

import { createPublicKey, type JsonWebKey } from "node:crypto";
import { type Algorithm, createVerifier } from "fast-jwt";
import { refuse } from "../refusal.ts";

/** Gives a token's claims, or throws. */
export type Verify = (token: string) => unknown;
/** What every token must say besides who it is for. */
export type Checks = { clockTolerance: number; allowedIss?: string; allowedAud?: string; requiredClaims: string[] };

type Jwk = JsonWebKey & { kid?: string; use?: string; alg?: string };

/**
 * An unknown key is looked for at most this often, so that made-up ones don't make us a nuisance to the issuer. A key that the issuer has just
 * added is promised to be accepted within 30 s of its first token; half of that leaves time for a try that fails.
 */
const REFETCH_AFTER_MS = 15_000;
const RETRY_AFTER_MS = 5_000;
/** For so long keys are trusted without asking again. */
const FRESH_MS = 300_000;
const FETCH_TIMEOUT_MS = 5_000;

export class KeySet {
  readonly #url: string;
  readonly #checks: Checks;
  readonly #now: () => number;
  #verifiers = new Map<string, Verify>();
  #triedAt = Number.NEGATIVE_INFINITY;
  /** Until when the keys that we have may be trusted blindly. */
  freshUntil = Number.NEGATIVE_INFINITY;
  #failed = false;
  #fetching: Promise<void> | undefined;

  constructor(url: string, checks: Checks, now: () => number) {
    this.#url = url;
    this.#checks = checks;
    this.#now = now;
  }

  /** At once where the key is known. Errors: UNAUTHENTICATED where the issuer has no such key, UNAVAILABLE where it can't be asked. */
  find(kid: string): Verify | Promise<Verify> {
    const age = this.#now() - this.#triedAt;
    const known = this.#verifiers.get(kid);
    if (known) {
      // Meanwhile the keys that we have are good enough, and go on being so while the issuer is away.
      if (this.#now() >= this.freshUntil && age >= RETRY_AFTER_MS) this.#refresh().catch(() => {});
      return known;
    }
    if (!this.#fetching && age < (this.#failed ? RETRY_AFTER_MS : REFETCH_AFTER_MS))
      refuse(this.#failed ? "UNAVAILABLE" : "UNAUTHENTICATED", this.#failed ? { retryAfter: 5 } : {});
    return this.#refresh().then(() => this.#verifiers.get(kid) ?? refuse("UNAUTHENTICATED"));
  }

  #refresh(): Promise<void> {
    return (this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined)));
  }

  async #fetch(): Promise<void> {
    this.#triedAt = this.#now();
    try {
      const response = await fetch(this.#url, {
        signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
        redirect: "error", // Whose keys they are is said by the address, and nobody else's are taken.
      });
      if (!response.ok) throw new Error(`the issuer answers ${response.status}`);
      const { keys } = (await response.json()) as { keys: Jwk[] };
      const found = keys.flatMap((jwk): [string, Verify][] => {
        const verify = verifierFor(jwk, this.#checks);
        return verify ? [[jwk.kid ?? "", verify]] : [];
      });
      // No issuer means that: it is a mistake, and passes. The keys that we have stay good.
      if (found.length === 0) throw new Error("the issuer names no key that tokens can be checked with");
      this.#verifiers = new Map(found);
      // An issuer with one key need not name it in its tokens.
      if (found.length === 1) this.#verifiers.set("", (found[0] as [string, Verify])[1]);
      this.#failed = false;
      this.freshUntil = this.#triedAt + FRESH_MS;
    } catch {
      this.#failed = true;
      refuse("UNAVAILABLE", { retryAfter: 5 });
    }
  }
}

/** A key that we can't use is passed over, as RFC 7517 wants it: the others may be for us. */
function verifierFor(jwk: Jwk, checks: Checks): Verify | undefined {
  try {
    const algorithms = algorithmsOf(jwk);
    if (algorithms.length === 0 || (jwk.use ?? "sig") !== "sig") return undefined;
    const key = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
    return createVerifier({ key, algorithms, cache: false, ...checks });
  } catch {
    return undefined;
  }
}

const CURVES: Record<string, Algorithm[]> = { "P-256": ["ES256"], "P-384": ["ES384"], "P-521": ["ES512"], Ed25519: ["EdDSA"], Ed448: ["EdDSA"] };

/** What a public key may be used with: never the symmetric algorithms, whatever the token says. */
function algorithmsOf({ kty, crv = "", alg }: Jwk): Algorithm[] {
  const possible: Algorithm[] = kty === "RSA" ? ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] : (CURVES[crv] ?? []);
  return alg === undefined ? possible : possible.filter((one) => one === alg);
}
