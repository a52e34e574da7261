// The console's sign-in at an issuer, and the tokens of rehearsals beside it.

import { type Mutation, mutation } from "../mutation.ts";

const SESSIONS = "test/api/console-sign-in.test.ts";
const OPAQUE = "test/api/console-opaque-tokens.test.ts";
const ISSUER = "src/sign-in/issuer-client.ts";

export const SIGN_IN: Mutation[] = [
  mutation(
    "a request of a session names it",
    "src/sign-in/console-sessions.ts",
    " || request.headers.authorization !== `Bearer ${tokenOf({ id })}`",
    "",
    [SESSIONS, "needs its cookie and its name"],
  ),
  mutation(
    "only operators sign in to the console",
    "src/sign-in/console-sessions.ts",
    `return caller.role === "operator" ? caller : refuse("FORBIDDEN")`,
    "return caller",
    [SESSIONS, "of a caller who is no operator is refused"],
  ),
  mutation(
    "only operators sign in by ID tokens",
    "src/http/claims.ts",
    `claimOf(claims, settings.roleClaim)).includes(settings.operatorRole)`,
    "null) !== null",
    [OPAQUE, "a caller who is no operator is refused"],
  ),
  mutation(
    "the issuer's keys vouch for an ID token that decides",
    ISSUER,
    `...(claims === "id_token" ? [oidc.enableNonRepudiationChecks] : []),`,
    "",
    [OPAQUE, "an ID token of another sign-in or of a key that the issuer does not publish is refused"],
  ),
  mutation("a renewed session stays the same person's", ISSUER, "claims?.sub !== subject", "claims === undefined", [
    OPAQUE,
    "a session by ID tokens ends if a renewal brings none, or another person's",
  ]),
  mutation(
    "one request replaces a session's token",
    "src/sign-in/console-sessions.sql.ts",
    "AND (claimed_until IS NULL OR claimed_until < clock_timestamp())",
    "",
    [SESSIONS, "gets a new access token before the old one expires"],
  ),
  mutation(
    "beside an issuer the shop's own tokens are those of rehearsals",
    "src/http/tokens.ts",
    `if (claims["role"] !== "shopper" || claims["rehearsal"] !== true)`,
    "if (false)",
    ["test/api/rehearsals.test.ts", "a shop with an external token issuer"],
  ),
];
