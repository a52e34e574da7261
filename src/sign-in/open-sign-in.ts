import type { Database } from "../database/pool.ts";
import type { OidcSettings } from "../oidc-settings.ts";
import { ConsoleSessions } from "./console-sessions.ts";
import { IssuerClient } from "./issuer-client.ts";
import type { SignInParts } from "./sign-in.routes.ts";

type Options = Pick<SignInParts, "authenticator" | "log"> & {
  database: Database;
  /** The audience that tokens must have. */
  audience: string | undefined;
};

/** Opens the console's sign-in, if the shop is a client of an issuer. */
export function openSignIn(settings: OidcSettings | undefined, { database, audience, authenticator, log }: Options): SignInParts | undefined {
  if (settings === undefined) return undefined;
  const issuer = new IssuerClient(settings, audience);
  const isSecure = settings.redirectUrl.startsWith("https:");
  return { issuer, sessions: new ConsoleSessions(database, issuer, isSecure), authenticator, isSecure, log };
}
