import { randomUUID } from "node:crypto";
import Type from "typebox";
import { isoOrNull } from "../database/statement.ts";
import { BatchedRead } from "../database/batched-read.ts";
import { ownKey } from "../gateway/simulator/own-key.ts";
import { nextCursor, ownCursor, readCursor } from "../http/cursor.ts";
import { type Routes, submit } from "../http/route.ts";
import {
  Amount,
  Body,
  Either,
  ForeignKey,
  Id,
  Instant,
  Money,
  NextCursor,
  Nullable,
  OneOf,
  page,
  PaymentKey,
  Query,
  Search,
  Text,
  UserParams,
  Version,
} from "../http/schemas.ts";
import { type AttemptStatus, submitTwoPhase } from "../idempotency/two-phase.ts";
import { invalid, refuse } from "../refusal.ts";
import type { CardCharge } from "./card-charge.sql.ts";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { selectTransactions, selectUser, selectUserPage, selectWallets } from "./balance.sql.ts";
import type { Wallet } from "./balance.ts";
import { chargeStatus } from "./charge-status.ts";
import { chargeBalance } from "./charge-balance.ts";
import { startCharge } from "./start-charge.ts";
import { createUsers, type UserView } from "./create-users.ts";
import { grantBalances } from "./grant-balances.ts";
import { GRANT_FAULTS } from "./grant-faults.ts";

type TransactionRecord = {
  id: string;
  version: number;
  type: string;
  status: string;
  amount: number;
  balance_after: number;
  order_id: string | null;
  reason: string | null;
  customer_reason: string | null;
  created_at: number;
};

const Balance = Type.Object(
  {
    userId: Id(),
    balance: Money(),
    version: Type.Integer({ description: "Moves with every movement of the balance, and when a charge by card begins" }),
  },
  { title: "Balance" },
);
const Transaction = Type.Object(
  {
    transactionId: Id(),
    type: OneOf(["CHARGE", "PAYMENT", "REFUND", "GRANT"]),
    status: OneOf(["PENDING", "COMPLETED", "FAILED"]),
    amount: Type.Integer({ description: "Signed: what is paid is negative" }),
    balanceAfter: Nullable(Money()),
    orderId: Type.Optional(Id()),
    reason: Type.Optional(Type.String({ description: "The reason of a grant or a refund; shown to operators only" })),
    customerReason: Type.Optional(Type.String({ description: "What the operator told the shopper" })),
    createdAt: Instant(),
  },
  { title: "Transaction" },
);
const GrantAnswer = Type.Object({
  granted: Type.Integer({ description: "How many rows were granted now" }),
  totalAmount: Type.Integer({ description: "Their sum, in the currency's minor unit" }),
  alreadyGranted: Type.Optional(Type.Integer({ description: "How many rows the batch had granted before; with `batch` only" })),
  faults: Type.Optional(
    Type.Array(Type.Object({ path: Type.String(), problem: OneOf(GRANT_FAULTS), message: Type.String() }), {
      description: "Every row that would be refused; with `dryRun` only",
    }),
  ),
});
const User = Type.Object({ id: Id(), name: Type.String(), externalId: Nullable(Type.String()) }, { title: "User" });

export type BalanceRoutesOptions = {
  config: Pick<Config, "balanceFunding" | "balanceMax" | "chargeMax" | "gateway">;
  database: Database;
  lists: Database;
  gateway: Gateway;
  charges: { charge(id: string, first: boolean): Promise<CardCharge> };
  desk: { again(ms: number): void };
};

export function balanceRoutes(routes: Routes, { config, database, lists, gateway, charges, desk }: BalanceRoutesOptions): void {
  const { balanceMax, chargeMax } = config;
  const wallets = new BatchedRead(async (ids) => new Map((await database.rows<Wallet>(selectWallets(ids))).map((wallet) => [wallet.id, wallet])));
  const walletOf = async (userId: string): Promise<Wallet> => (await wallets.get(userId)) ?? refuse("USER_NOT_FOUND", { userId });

  /** Brings a charge by card as far as it goes now. */
  async function byCard(id: string, first: boolean): Promise<AttemptStatus> {
    const standing = chargeStatus(await charges.charge(id, first));
    if (!standing.over) desk.again(config.gateway.settleAfterMs);
    return standing;
  }

  routes.write(
    {
      method: "POST",
      path: "/users/{userId}/balance/charge",
      operationId: "chargeBalance",
      audience: "owner",
      tag: "Balance",
      summary: "Charge the balance",
      description: "With `version`, as read from the balance, only if it has not moved since.",
      params: UserParams,
      body: Body({
        amount: Amount(1, chargeMax),
        version: Type.Optional(Version()),
        paymentKey: Type.Optional(
          PaymentKey("For BALANCE_FUNDING=gateway, where it is needed: the payment that the user has authorized at the gateway"),
        ),
      }),
      answers: {
        200: Type.Object({ userId: Id(), newBalance: Money(), transactionId: Id(), version: Type.Integer() }),
        202: Type.Object(
          { userId: Id(), transactionId: Id(), status: OneOf(["PENDING"]) },
          { description: "By card: its outcome is not known yet; the balance moves once it is" },
        ),
      },
      faults: { "params/userId": "INVALID_USER_ID", "body/amount": "INVALID_AMOUNT" },
      refusals: ["FORBIDDEN", "USER_NOT_FOUND", "BALANCE_CONFLICT", "BALANCE_LIMIT_EXCEEDED", "PAYMENT_DECLINED"],
      shape: ({ body }) => {
        if (config.balanceFunding === "gateway" && body.paymentKey === undefined)
          invalid("/paymentKey", "is required: balances of this shop are charged by card");
      },
    },
    ({ caller, params, body }) => {
      if (config.balanceFunding === "operator" && caller.role !== "operator") refuse("FORBIDDEN");
      if (config.balanceFunding === "gateway") {
        const input = {
          userId: params.userId,
          amount: body.amount,
          version: body.version ?? null,
          balanceMax,
          paymentKey: ownKey(config.gateway, body.paymentKey ?? "", randomUUID()),
          askAfterMs: config.gateway.timeoutMs + config.gateway.settleAfterMs,
        };
        return submitTwoPhase({ begin: startCharge, input, status: 200, admit: (work) => gateway.admit(work), settle: byCard });
      }
      return submit(chargeBalance, { userId: params.userId, amount: body.amount, version: body.version ?? null, balanceMax });
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/users/{userId}/balance",
      operationId: "getBalance",
      audience: "owner",
      tag: "Balance",
      summary: "The balance as committed",
      params: UserParams,
      answers: { 200: Balance },
      faults: { "params/userId": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND"],
    },
    async ({ params }) => {
      const { id, balance, version } = await walletOf(params.userId);
      return { userId: id, balance, version };
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/users/{userId}/balance/transactions",
      operationId: "listTransactions",
      audience: "owner",
      tag: "Balance",
      summary: "The ledger, newest first",
      params: UserParams,
      query: Query(page),
      answers: { 200: Type.Object({ transactions: Type.Array(Transaction), nextCursor: NextCursor }) },
      faults: { "params/userId": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND"],
      shape: ownCursor("transactions", ["count"]),
    },
    async ({ caller, params, query }) => {
      const { limit = 20 } = query;
      const [before] = (readCursor("transactions", query.cursor, ["count"]) ?? [null]) as [number | null];
      const [, rows] = await Promise.all([
        walletOf(params.userId),
        database.rows<TransactionRecord>(selectTransactions(params.userId, before, limit + 1)),
      ]);
      const transactions = rows.slice(0, limit).map((row) => ({
        transactionId: row.id,
        type: row.type,
        status: row.status,
        amount: row.amount,
        balanceAfter: row.balance_after,
        ...(row.order_id === null ? {} : { orderId: row.order_id }),
        ...(row.reason !== null && caller.role === "operator" ? { reason: row.reason } : {}),
        ...(row.customer_reason === null ? {} : { customerReason: row.customer_reason }),
        createdAt: isoOrNull(row.created_at),
      }));
      return { transactions, nextCursor: nextCursor(rows, limit, "transactions", (row) => [row.version]) };
    },
  );

  const NewUser = { name: Text(200), externalId: Type.Optional(ForeignKey(200)) };
  type NewUser = { name: string; externalId?: string };
  routes.write(
    {
      method: "POST",
      path: "/admin/users",
      operationId: "createUsers",
      audience: "operator",
      bulk: true,
      tag: "Users",
      summary: "Create a user, or up to 10,000 in the order sent",
      description:
        "In bulk up to 10,000 users and 8 MiB, whichever comes first. Every `externalId` that is taken, in the shop or in the list, is named.",
      body: Either<NewUser, { users: NewUser[] }>(
        "users",
        Body({ users: Type.Array(Body(NewUser), { minItems: 1, maxItems: 10_000 }) }),
        Body(NewUser),
      ),
      answers: { 201: Type.Unsafe({ anyOf: [User, Type.Object({ users: Type.Array(User) })] }) },
    },
    ({ body }) => {
      const bulk = "users" in body;
      const users = (bulk ? body.users : [body]).map(({ name, externalId = null }) => ({ name, externalId }));
      return submit(createUsers, { users, bulk }, 201, (made) => (bulk ? { users: made } : made[0]));
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/users",
      operationId: "listUsers",
      audience: "operator",
      tag: "Users",
      summary: "Users, newest first",
      description: "Buyers that rehearsals have made are left out, unless `q` begins with `rehearsal-`, as their external ids do.",
      query: Query({ ...page, q: Search("Searches names and external ids: every word must occur") }),
      answers: { 200: Type.Object({ users: Type.Array(User), nextCursor: NextCursor }) },
      shape: ownCursor("users", ["id"]),
    },
    async ({ query }) => {
      const { limit = 20, q = "" } = query;
      const [before] = (readCursor("users", query.cursor, ["id"]) ?? [null]) as [string | null];
      const rows = await lists.rows<UserView>(selectUserPage(before, limit + 1, q));
      return { users: rows.slice(0, limit), nextCursor: nextCursor(rows, limit, "users", (row) => [row.id]) };
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/users/{id}",
      operationId: "getUser",
      audience: "operator",
      tag: "Users",
      summary: "One user",
      params: Type.Object({ id: Id() }),
      answers: { 200: User },
      faults: { "params/id": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND"],
    },
    async ({ params }) => {
      const [user] = await database.rows<UserView>(selectUser(params.id));
      return user ?? refuse("USER_NOT_FOUND", { userId: params.id });
    },
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/balances/grant",
      operationId: "grantBalances",
      audience: "operator",
      bulk: true,
      tag: "Balance",
      summary: "Grant balances, all or nothing",
      description:
        "`reason` is shown to operators only; a shopper reads `customerReason`. Up to 10,000 rows and 8 MiB, whichever comes first. A refusal names the first 20 faulty rows in `errors` and counts all of them in `faultyRows`.",
      body: Body({
        grants: Type.Array(Body({ userId: Id(), amount: Amount(1, balanceMax), reason: Text(500), customerReason: Type.Optional(Text(500)) }), {
          minItems: 1,
          maxItems: 10_000,
        }),
        batch: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 100,
            pattern: "\\S",
            description:
              "The batch's name. A batch grants to a user for a reason once, at any time: rows that it granted already are left out and counted, and rows with another amount are refused",
          }),
        ),
        dryRun: Type.Optional(Type.Boolean({ description: "Changes nothing, and names every faulty row in `faults`" })),
      }),
      answers: { 200: GrantAnswer },
      refusals: ["USER_NOT_FOUND", "BALANCE_LIMIT_EXCEEDED"],
    },
    ({ body: { grants, ...how } }) =>
      submit(grantBalances, { ...how, grants: grants.map((grant) => ({ ...grant, userId: grant.userId.toLowerCase() })), balanceMax }),
  );
}
