import type { Database } from "../database/pool.ts";
import type { AuthSettings } from "../auth-settings.ts";
import type { Authenticator } from "../http/tokens.ts";
import type { OidcSettings } from "../oidc-settings.ts";
import { ConsoleSessions } from "./console-sessions.ts";
import { IssuerClient } from "./issuer-client.ts";
import type { SignInParts } from "./sign-in.routes.ts";

type Options = Pick<SignInParts, "log"> & {
  database: Database;
  auth: AuthSettings;
  /** Accepts the issuer's access tokens. */
  authenticator: Authenticator;
};

/** Opens the console's sign-in, if the shop is a client of an issuer. */
export function openSignIn(settings: OidcSettings | undefined, { database, auth, authenticator, log }: Options): SignInParts | undefined {
  if (settings === undefined) return undefined;
  const issuer = new IssuerClient(settings, auth.audience);
  const isSecure = settings.redirectUrl.startsWith("https:");
  return { issuer, sessions: new ConsoleSessions(database, issuer, authenticator, auth, isSecure), isSecure, log };
}
