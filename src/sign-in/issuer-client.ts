// The shop as a client of an OpenID Connect issuer: authorization code with PKCE.

import * as oidc from "openid-client";
import type { Claims } from "../http/claims.ts";
import type { OidcSettings } from "../oidc-settings.ts";

/**
 * The issuer's tokens of an operator. `expiresAt` is in ms since 1970. `claims` are those of the ID token or of the userinfo endpoint, if they
 * decide and not the access token.
 */
export type Tokens = {
  access: string;
  refresh: string | undefined;
  expiresAt: number;
  name: string | undefined;
  claims?: Claims | undefined;
};

/** Values of one sign-in, which the browser keeps in a cookie until it comes back. */
export type Started = { state: string; nonce: string; verifier: string };

const TIMEOUT_S = 5;
/** Of an access token without `expires_in`. */
const DEFAULT_EXPIRES_S = 300;

export class IssuerClient {
  readonly #settings: OidcSettings;
  /** The token's audience, which some issuers want to be asked for. */
  readonly #audience: string | undefined;
  #configuration: Promise<oidc.Configuration> | undefined;

  constructor(settings: OidcSettings, audience: string | undefined) {
    this.#settings = settings;
    this.#audience = audience;
  }

  /** Begins a sign-in: the address at the issuer, and the values that the browser must bring back. Errors: the issuer cannot be reached. */
  async begin(): Promise<{ url: URL; started: Started }> {
    const configuration = await this.#discover();
    const started = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() };
    const { redirectUrl, scope } = this.#settings;
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUrl,
      scope,
      state: started.state,
      nonce: started.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(started.verifier),
      code_challenge_method: "S256",
      ...(this.#audience === undefined ? {} : { audience: this.#audience }),
    });
    return { url, started };
  }

  /** Exchanges the code that the browser has brought back. @param query of the callback. Errors: not this sign-in, or the issuer's. */
  async finish(query: string, { state, nonce, verifier }: Started): Promise<Tokens> {
    const currentUrl = new URL(this.#settings.redirectUrl);
    currentUrl.search = query;
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
    const response = await oidc.authorizationCodeGrant(await this.#discover(), currentUrl, checks);
    const claims = response.claims();
    const name = [claims?.["name"], claims?.["preferred_username"]].find((claim) => typeof claim === "string" && claim !== "");
    return { ...tokensOf(response, undefined, name as string | undefined), claims: await this.#claimsOf(response, String(claims?.["sub"])) };
  }

  /** New tokens for old ones. Errors: the issuer's, such as an ended session; another person's; no claims, if they are needed. */
  async refresh({ refresh = "", name, claims }: Tokens): Promise<Tokens> {
    const response = await oidc.refreshTokenGrant(await this.#discover(), refresh);
    return { ...tokensOf(response, refresh, name), claims: await this.#claimsOf(response, String(claims?.["sub"])) };
  }

  /** The issuer's present claims about the operator, outside of the access token. Undefined if the access token decides. Errors: another person. */
  async #claimsOf(response: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers, subject: string): Promise<Claims | undefined> {
    switch (this.#settings.claims) {
      case "access_token":
        return undefined;
      case "userinfo":
        return oidc.fetchUserInfo(await this.#discover(), response.access_token, subject);
      case "id_token": {
        const claims = response.claims();
        if (claims?.sub !== subject) throw new Error("the issuer gave no ID token of the same person");
        return claims;
      }
    }
  }

  /** The address at which the issuer ends its own session; undefined if its configuration has none. It gets no token, which would be part of the address. */
  async endSessionUrl(): Promise<string | undefined> {
    const { end_session_endpoint: endpoint } = (await this.#discover()).serverMetadata();
    if (endpoint === undefined) return undefined;
    const url = new URL(endpoint);
    url.searchParams.set("client_id", this.#settings.clientId);
    return url.href;
  }

  /** The issuer's configuration, read once. It is read at the first sign-in, so the shop starts without its issuer. */
  #discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret, claims } = this.#settings;
    this.#configuration ??= oidc
      .discovery(new URL(issuer), clientId, clientSecret, clientSecret === undefined ? oidc.None() : undefined, {
        timeout: TIMEOUT_S,
        execute: [
          // If the ID token decides what an operator may do, the issuer's keys vouch for it, not only its connection.
          ...(claims === "id_token" ? [oidc.enableNonRepudiationChecks] : []),
          ...(issuer.startsWith("http:") ? [oidc.allowInsecureRequests] : []),
        ],
      })
      .catch((error: unknown) => {
        this.#configuration = undefined;
        throw error;
      });
    return this.#configuration;
  }
}

type Response = { access_token: string; refresh_token?: string; expires_in?: number };

function tokensOf(
  { access_token: access, refresh_token, expires_in = DEFAULT_EXPIRES_S }: Response,
  refresh: string | undefined,
  name: string | undefined,
): Tokens {
  return { access, refresh: refresh_token ?? refresh, expiresAt: Date.now() + expires_in * 1000, name };
}
