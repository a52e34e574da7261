// The public keys of a token issuer (JWKS, RFC 7517), fetched when they are needed.

import { createPublicKey, type JsonWebKey } from "node:crypto";
import { type Algorithm, createVerifier } from "fast-jwt";
import { refuse } from "../refusal.ts";

/** Gives a token's claims, or throws. */
export type Verify = (token: string) => unknown;
/** Claims that every token must have. */
export type Checks = { clockTolerance: number; allowedIss?: string; allowedAud?: string; requiredClaims: string[] };

type Jwk = JsonWebKey & { kid?: string; use?: string; alg?: string };

/**
 * Shortest time between two fetches for an unknown key, so that tokens with made-up keys cannot flood the issuer. The documents promise that a
 * new key is accepted within 30 s of its first token; half of that leaves time for one failed fetch.
 */
const REFETCH_AFTER_MS = 15_000;
const RETRY_AFTER_MS = 5_000;
/** How long fetched keys are used before they are fetched again. */
const FRESH_MS = 300_000;
const FETCH_TIMEOUT_MS = 5_000;

export class KeySet {
  readonly #url: string;
  readonly #checks: Checks;
  readonly #now: () => number;
  #verifiers = new Map<string, Verify>();
  #triedAt = Number.NEGATIVE_INFINITY;
  /** Until when the fetched keys may be used without a new fetch. */
  freshUntil = Number.NEGATIVE_INFINITY;
  #failed = false;
  #fetching: Promise<void> | undefined;

  constructor(url: string, checks: Checks, now: () => number) {
    this.#url = url;
    this.#checks = checks;
    this.#now = now;
  }

  /**
   * The verifier of a key, synchronously if the key is known.
   * Errors: UNAUTHENTICATED if the issuer has no such key, UNAVAILABLE if the issuer cannot be reached.
   */
  find(kid: string): Verify | Promise<Verify> {
    const age = this.#now() - this.#triedAt;
    const known = this.#verifiers.get(kid);
    if (known) {
      // The old keys stay valid during the refresh, and while the issuer is unreachable.
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
        redirect: "error", // The configured address alone vouches for the keys.
      });
      if (!response.ok) throw new Error(`the issuer answered ${response.status}`);
      const { keys } = (await response.json()) as { keys: Jwk[] };
      const found = keys.flatMap((jwk): [string, Verify][] => {
        const verify = verifierFor(jwk, this.#checks);
        return verify ? [[jwk.kid ?? "", verify]] : [];
      });
      // An empty key set is a temporary fault of the issuer. The old keys stay valid.
      if (found.length === 0) throw new Error("the issuer's key set has no usable key");
      this.#verifiers = new Map(found);
      // An issuer with one key may omit `kid` in its tokens.
      if (found.length === 1) this.#verifiers.set("", (found[0] as [string, Verify])[1]);
      this.#failed = false;
      this.freshUntil = this.#triedAt + FRESH_MS;
    } catch {
      this.#failed = true;
      refuse("UNAVAILABLE", { retryAfter: 5 });
    }
  }
}

/** The verifier for one key; undefined for a key that the shop cannot use, which RFC 7517 says to ignore. */
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

/** The algorithms that a public key may be used with: never symmetric ones, whatever a token's header claims. */
function algorithmsOf({ kty, crv = "", alg }: Jwk): Algorithm[] {
  const possible: Algorithm[] = kty === "RSA" ? ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] : (CURVES[crv] ?? []);
  return alg === undefined ? possible : possible.filter((algorithm) => algorithm === alg);
}
