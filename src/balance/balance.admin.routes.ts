import Type from "typebox";
import { type Routes, submit } from "../http/route.ts";
import { Amount, Body, Id, OneOf, Text } from "../http/schemas.ts";
import { grantBalances } from "./grant-balances.ts";
import { GRANT_FAULTS } from "./grant-faults.ts";
import { revokeBalances } from "./revoke-balances.ts";

const GrantAnswer = Type.Object({
  granted: Type.Integer({ description: "Count of the rows that were granted now" }),
  totalAmount: Type.Integer({ description: "Their sum, in the currency's minor unit" }),
  alreadyGranted: Type.Optional(Type.Integer({ description: "Count of the rows that the batch had granted before; with `batch` only" })),
  faults: Type.Optional(
    Type.Array(Type.Object({ path: Type.String(), problem: OneOf(GRANT_FAULTS), message: Type.String() }), {
      description: "Every row that would be refused; with `dryRun` only",
    }),
  ),
});
const Batch = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: "\\S",
  description:
    "The batch's name. A batch grants to a user for a reason once, at any time. Rows that it has granted already are left out and counted; rows with another amount are refused",
});
const DryRun = Type.Boolean({ description: "Changes nothing, and names every faulty row in `faults`" });

const RevokeAnswer = Type.Object({
  revoked: Type.Integer({ description: "Count of the rows" }),
  totalAmount: Type.Integer({ description: "Their sum, in the currency's minor unit" }),
});
const MANY =
  "Up to 10,000 rows and 8 MiB, whichever comes first. A refusal names the first 20 faulty rows in `errors` and counts all of them in `faultyRows`.";

/** @param config `balanceMax`: the most that a balance may hold, in minor units */
export function balanceAdminRoutes(routes: Routes, { config: { balanceMax } }: { config: { balanceMax: number } }): void {
  const Grant = Body({ userId: Id(), amount: Amount(1, balanceMax), reason: Text(500), customerReason: Type.Optional(Text(500)) });

  routes.write(
    {
      method: "POST",
      path: "/admin/balances/grant",
      operationId: "grantBalances",
      audience: "operator",
      permission: "balances",
      bulk: true,
      tag: "Balance",
      summary: "Grant balances, all or nothing",
      description: `\`reason\` is shown to operators only; a shopper reads \`customerReason\`. ${MANY}`,
      body: Body({
        grants: Type.Array(Grant, { minItems: 1, maxItems: 10_000 }),
        batch: Type.Optional(Batch),
        dryRun: Type.Optional(DryRun),
      }),
      answers: { 200: GrantAnswer },
      refusals: ["USER_NOT_FOUND", "BALANCE_LIMIT_EXCEEDED"],
    },
    ({ body: { grants, ...options } }) =>
      submit(grantBalances, { ...options, grants: grants.map((grant) => ({ ...grant, userId: grant.userId.toLowerCase() })), balanceMax }),
  );

  revokeRoute(routes, balanceMax);
}

function revokeRoute(routes: Routes, balanceMax: number): void {
  routes.write(
    {
      method: "POST",
      path: "/admin/balances/revoke",
      operationId: "revokeBalances",
      audience: "operator",
      permission: "balances",
      bulk: true,
      tag: "Balance",
      summary: "Take granted balances back, all or nothing",
      description: `From each user at most the amount that was granted and not yet taken back, and at most the balance; else 400 \`BALANCE_INSUFFICIENT\` with \`available\`. \`reason\` is shown to operators only. ${MANY}`,
      body: Body({
        revocations: Type.Array(Body({ userId: Id(), amount: Amount(1, balanceMax), reason: Text(500) }), { minItems: 1, maxItems: 10_000 }),
      }),
      answers: { 200: RevokeAnswer },
      refusals: ["USER_NOT_FOUND", "BALANCE_INSUFFICIENT"],
    },
    ({ body: { revocations } }) => submit(revokeBalances, { revocations: revocations.map((row) => ({ ...row, userId: row.userId.toLowerCase() })) }),
  );
}
