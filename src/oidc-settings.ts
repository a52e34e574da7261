// The settings of the console's sign-in at an OpenID Connect issuer.

import { ConfigError, type Env, isHttpsOrLocal, oneOf, text } from "./env.ts";

export type OidcSettings = {
  clientId: string;
  /** Unset: a public client, which has PKCE only. */
  clientSecret: string | undefined;
  /** Base address of the issuer's configuration. */
  issuer: string;
  /** The shop's own address of `CALLBACK_PATH`, as browsers see it. */
  redirectUrl: string;
  scope: string;
  /** Which answer of the issuer has an operator's claims. Issuers with opaque access tokens give them in the ID token or at their userinfo endpoint. */
  claims: ClaimsSource;
};

const CLAIMS_SOURCES = ["access_token", "id_token", "userinfo"] as const;
export type ClaimsSource = (typeof CLAIMS_SOURCES)[number];

/** The path to which the issuer sends the browser back. */
export const CALLBACK_PATH = "/console/callback";

/** Undefined: operators sign in with tokens only. Errors: ConfigError. */
export function oidcSettings(env: Env): OidcSettings | undefined {
  const clientId = text(env, "AUTH_OIDC_CLIENT_ID");
  if (clientId === undefined) {
    for (const name of ["AUTH_OIDC_CLIENT_SECRET", "AUTH_OIDC_ISSUER", "AUTH_OIDC_REDIRECT_URL", "AUTH_OIDC_SCOPE", "AUTH_OIDC_CLAIMS"])
      if (text(env, name) !== undefined) throw new ConfigError(`${name} is set without AUTH_OIDC_CLIENT_ID; set both or none`);
    return undefined;
  }
  const claims = oneOf(env, "AUTH_OIDC_CLAIMS", CLAIMS_SOURCES, "access_token");
  if (claims === "access_token" && text(env, "AUTH_JWKS_URL") === undefined)
    throw new ConfigError(
      "AUTH_OIDC_CLIENT_ID needs AUTH_JWKS_URL: the shop accepts the issuer's access tokens by its keys; if they are opaque, set AUTH_OIDC_CLAIMS",
    );
  const issuer = text(env, "AUTH_OIDC_ISSUER") ?? text(env, "AUTH_ISSUER");
  if (issuer === undefined) throw new ConfigError("AUTH_OIDC_CLIENT_ID needs AUTH_ISSUER or AUTH_OIDC_ISSUER, where the issuer's configuration is");
  if (!isHttpsOrLocal(issuer))
    throw new ConfigError(
      `${text(env, "AUTH_OIDC_ISSUER") === undefined ? "AUTH_ISSUER" : "AUTH_OIDC_ISSUER"} must be an https:// address; http:// is allowed on this machine only`,
    );
  return {
    clientId,
    clientSecret: text(env, "AUTH_OIDC_CLIENT_SECRET"),
    issuer,
    redirectUrl: redirectUrl(env),
    scope: text(env, "AUTH_OIDC_SCOPE") ?? "openid profile",
    claims,
  };
}

function redirectUrl(env: Env): string {
  const url = text(env, "AUTH_OIDC_REDIRECT_URL");
  if (url === undefined) throw new ConfigError(`AUTH_OIDC_REDIRECT_URL is missing; AUTH_OIDC_CLIENT_ID needs it: https://your.shop${CALLBACK_PATH}`);
  if (!isHttpsOrLocal(url) || new URL(url).pathname !== CALLBACK_PATH || new URL(url).search !== "" || new URL(url).hash !== "")
    throw new ConfigError(`AUTH_OIDC_REDIRECT_URL must be the shop's https:// address with the path ${CALLBACK_PATH}`);
  return url;
}
