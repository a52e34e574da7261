// The settings of authentication: who signs tokens, and which of their claims say what.

import { ConfigError, type Env, isHttpsOrLocal, oneOf, text } from "./env.ts";

/** Claims are named by their own name, or by a path with dots, such as `realm_access.roles`. */
export type ClaimSettings = {
  userClaim: string;
  roleClaim: string;
  /** The value of the role claim that makes an operator. */
  operatorRole: string;
  permissionsClaim: string;
  /** Identifies a natural person. */
  personClaim: string | undefined;
};

export type AuthSettings = ClaimSettings & {
  secret: string | undefined;
  jwksUrl: string | undefined;
  issuer: string | undefined;
  audience: string | undefined;
  /** Whether an issuer's unknown subject becomes a user at its first request. */
  provision: boolean;
};

/** Errors: ConfigError. */
export function authSettings(env: Env): AuthSettings {
  const secret = text(env, "AUTH_JWT_SECRET");
  if (secret !== undefined && Buffer.byteLength(secret) < 32) throw new ConfigError("AUTH_JWT_SECRET must be at least 32 bytes long");
  const jwksUrl = text(env, "AUTH_JWKS_URL");
  // A party that can change the keys in transit can sign any token.
  if (jwksUrl !== undefined && !isHttpsOrLocal(jwksUrl))
    throw new ConfigError("AUTH_JWKS_URL must be an https:// address; http:// is allowed on this machine only");
  if (secret !== undefined && jwksUrl !== undefined) throw new ConfigError("AUTH_JWT_SECRET and AUTH_JWKS_URL exclude each other; unset one");
  const provision = oneOf(env, "AUTH_PROVISION", ["on", "off"], jwksUrl === undefined ? "off" : "on") === "on";
  if (provision && jwksUrl === undefined) throw new ConfigError("AUTH_PROVISION=on needs AUTH_JWKS_URL: the shop's own tokens name existing users");
  return { secret, jwksUrl, issuer: text(env, "AUTH_ISSUER"), audience: text(env, "AUTH_AUDIENCE"), provision, ...claimSettings(env) };
}

function claimSettings(env: Env): ClaimSettings {
  return {
    userClaim: text(env, "AUTH_USER_CLAIM") ?? "sub",
    roleClaim: text(env, "AUTH_ROLE_CLAIM") ?? "role",
    operatorRole: text(env, "AUTH_OPERATOR_ROLE") ?? "operator",
    permissionsClaim: text(env, "AUTH_PERMISSIONS_CLAIM") ?? "permissions",
    personClaim: text(env, "AUTH_PERSON_CLAIM"),
  };
}
