// The console's sign-in at an issuer, and the tokens of rehearsals beside it.

import { type Mutation, mutation } from "../mutation.ts";

const SESSIONS = "test/api/console-sign-in.test.ts";

export const SIGN_IN: Mutation[] = [
  mutation(
    "a request of a session names it",
    "src/sign-in/console-sessions.ts",
    " || request.headers.authorization !== `Bearer ${tokenOf({ id })}`",
    "",
    [SESSIONS, "needs its cookie and its name"],
  ),
  mutation("only operators sign in to the console", "src/sign-in/sign-in.routes.ts", `if (caller.role !== "operator")`, "if (false)", [
    SESSIONS,
    "of a caller who is no operator is refused",
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
