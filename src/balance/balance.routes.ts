// A user's own balance: read it, charge it, read its ledger.

import { randomUUID } from "node:crypto";
import Type from "typebox";
import type { Config } from "../config.ts";
import { BatchedRead } from "../database/batched-read.ts";
import type { Database } from "../database/pool.ts";
import { isoOrNull } from "../database/statement.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { ownKey } from "../gateway/simulator/own-key.ts";
import { nextCursor, ownCursor, readCursor } from "../http/cursor.ts";
import { type Routes, submit } from "../http/route.ts";
import { Amount, Body, Id, Instant, Money, NextCursor, Nullable, OneOf, page, PaymentKey, Query, UserParams, Version } from "../http/schemas.ts";
import { submitTwoPhase } from "../idempotency/two-phase.ts";
import { invalid, refuse } from "../refusal.ts";
import { selectTransactions, selectWallets } from "./balance.sql.ts";
import type { Wallet } from "./balance.ts";
import type { CardCharge } from "./card-charge.sql.ts";
import { chargeBalance } from "./charge-balance.ts";
import { openCharge } from "./open-charge.ts";
import { chargeStatus } from "./charge-status.ts";
import { startCharge } from "./start-charge.ts";

export type BalanceParts = {
  config: Pick<Config, "balanceFunding" | "balanceMax" | "chargeMax" | "gateway">;
  database: Database;
  gateway: Gateway;
  /** Settles a charge by card. */
  charges: { settle(id: string, first: boolean): Promise<CardCharge> };
};

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
type ReadWallet = (userId: string) => Promise<Wallet>;

const Balance = Type.Object(
  {
    userId: Id(),
    balance: Money(),
    version: Type.Integer({ description: "Increases with every movement of the balance, and when a charge by card starts" }),
  },
  { title: "Balance" },
);
const Transaction = Type.Object(
  {
    transactionId: Id(),
    type: OneOf(["CHARGE", "PAYMENT", "REFUND", "GRANT", "REVOKE"]),
    status: OneOf(["PENDING", "COMPLETED", "FAILED"]),
    amount: Type.Integer({ description: "Signed: payments and revocations are negative" }),
    balanceAfter: Nullable(Money()),
    orderId: Type.Optional(Id()),
    reason: Type.Optional(Type.String({ description: "The reason of a grant, a revocation or a refund; shown to operators only" })),
    customerReason: Type.Optional(Type.String({ description: "The reason that the operator gave the shopper" })),
    createdAt: Instant(),
  },
  { title: "Transaction" },
);
const ChargedNow = Type.Object({ userId: Id(), newBalance: Money(), transactionId: Id(), version: Type.Integer() });
const ChargePending = Type.Object(
  { userId: Id(), transactionId: Id(), status: OneOf(["PENDING"]) },
  { description: "By card: the outcome is not known yet; the balance moves as soon as it is" },
);
const ChargeId = Type.Optional(
  Id("With a real gateway: the charge whose `chargeId` the gateway's window had as its order id. Naming it again resumes the same charge"),
);
const OpenedCharge = Type.Object(
  { chargeId: Id(), amount: Money(), expiresAt: Instant() },
  { title: "OpenedCharge", description: "Give the gateway's window `chargeId` as its order id" },
);
const KeyOfCharge = PaymentKey("Required with BALANCE_FUNDING=gateway: the payment that the user has authorized at the gateway");

export function balanceRoutes(routes: Routes, parts: BalanceParts): void {
  const { database } = parts;
  const wallets = new BatchedRead(async (ids) => new Map((await database.rows<Wallet>(selectWallets(ids))).map((wallet) => [wallet.id, wallet])));
  const readWallet: ReadWallet = async (userId) => (await wallets.get(userId)) ?? refuse("USER_NOT_FOUND", { userId });

  openChargeRoute(routes, parts.config);
  chargeRoute(routes, parts);
  balanceRoute(routes, readWallet);
  transactionsRoute(routes, database, readWallet);
}

function openChargeRoute(routes: Routes, { balanceFunding, balanceMax, chargeMax }: BalanceParts["config"]): void {
  routes.write(
    {
      method: "POST",
      path: "/users/{userId}/balance/charges",
      operationId: "openCharge",
      audience: "owner",
      permission: "balances",
      tag: "Balance",
      summary: "Announce a charge, before the gateway's window opens",
      description: "Moves no money. After `expiresAt` the charge can no longer be started.",
      params: UserParams,
      body: Body({ amount: Amount(1, chargeMax) }),
      answers: { 201: OpenedCharge },
      faults: { "params/userId": "INVALID_USER_ID", "body/amount": "INVALID_AMOUNT" },
      refusals: ["FORBIDDEN", "USER_NOT_FOUND", "BALANCE_LIMIT_EXCEEDED"],
    },
    ({ caller, params: { userId }, body: { amount } }) => {
      if (balanceFunding === "operator" && caller.role !== "operator") refuse("FORBIDDEN");
      return submit(openCharge, { userId, amount, balanceMax }, 201);
    },
  );
}

function chargeRoute(routes: Routes, { config, gateway, charges }: BalanceParts): void {
  const { balanceFunding, balanceMax, chargeMax } = config;
  const askAfterMs = config.gateway.timeoutMs + config.gateway.settleAfterMs;

  routes.write(
    {
      method: "POST",
      path: "/users/{userId}/balance/charge",
      operationId: "chargeBalance",
      audience: "owner",
      permission: "balances",
      tag: "Balance",
      summary: "Charge the balance",
      description: "With `version`, as read from the balance, only if the balance has not moved since.",
      params: UserParams,
      body: Body({ amount: Amount(1, chargeMax), version: Type.Optional(Version()), paymentKey: Type.Optional(KeyOfCharge), chargeId: ChargeId }),
      answers: { 200: ChargedNow, 202: ChargePending },
      faults: { "params/userId": "INVALID_USER_ID", "body/amount": "INVALID_AMOUNT" },
      refusals: [
        "FORBIDDEN",
        "USER_NOT_FOUND",
        "PAYMENT_NOT_FOUND",
        "AMOUNT_CHANGED",
        "BALANCE_CONFLICT",
        "BALANCE_LIMIT_EXCEEDED",
        "PAYMENT_DECLINED",
      ],
      shape: ({ body }) => {
        if (balanceFunding !== "gateway") return;
        if (body.paymentKey === undefined) invalid("/paymentKey", "is required: balances of this shop are charged by card");
        if (config.gateway.kind === "gateway" && body.chargeId === undefined)
          invalid("/chargeId", "is required: the gateway confirms a payment only with the order id of its window");
      },
    },
    ({ caller, params: { userId }, body: { amount, version = null, paymentKey = "", ...body } }) => {
      if (balanceFunding === "operator" && caller.role !== "operator") refuse("FORBIDDEN");
      if (balanceFunding !== "gateway") return submit(chargeBalance, { userId, amount, version, balanceMax });
      const chargeId = body.chargeId?.toLowerCase() ?? null;
      const key = ownKey(config.gateway, paymentKey, chargeId ?? randomUUID());
      const input = { userId, amount, version, balanceMax, paymentKey: key, chargeId, askAfterMs };
      const settle = async (id: string, first: boolean) => chargeStatus(await charges.settle(id, first));
      return submitTwoPhase({ begin: startCharge, input, status: 200, admit: (work) => gateway.admit(work), settle });
    },
  );
}

function balanceRoute(routes: Routes, readWallet: ReadWallet): void {
  routes.read(
    {
      method: "GET",
      path: "/users/{userId}/balance",
      operationId: "getBalance",
      audience: "owner",
      permission: "customers",
      tag: "Balance",
      summary: "The balance as committed",
      description: "The committed balance: a charge, an order or a refund that was answered before is in it.",
      params: UserParams,
      answers: { 200: Balance },
      faults: { "params/userId": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND"],
    },
    async ({ params }) => {
      const { id, balance, version } = await readWallet(params.userId);
      return { userId: id, balance, version };
    },
  );
}

function transactionsRoute(routes: Routes, database: Database, readWallet: ReadWallet): void {
  routes.read(
    {
      method: "GET",
      path: "/users/{userId}/balance/transactions",
      operationId: "listTransactions",
      audience: "owner",
      permission: "customers",
      tag: "Balance",
      summary: "The ledger, newest first",
      description: "Each change of the balance since the user was created, newest first.",
      params: UserParams,
      query: Query(page),
      answers: { 200: Type.Object({ transactions: Type.Array(Transaction), nextCursor: NextCursor }) },
      faults: { "params/userId": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND"],
      shape: ownCursor("transactions", ["count"]),
    },
    async ({ caller, params: { userId }, query: { limit = 20, cursor } }) => {
      const [before] = (readCursor("transactions", cursor, ["count"]) ?? [null]) as [number | null];
      const [, rows] = await Promise.all([readWallet(userId), database.rows<TransactionRecord>(selectTransactions(userId, before, limit + 1))]);
      const transactions = rows.slice(0, limit).map((row) => transactionView(row, caller.role === "operator"));
      return { transactions, nextCursor: nextCursor(rows, limit, "transactions", (row) => [row.version]) };
    },
  );
}

function transactionView(row: TransactionRecord, readerIsOperator: boolean) {
  return {
    transactionId: row.id,
    type: row.type,
    status: row.status,
    amount: row.amount,
    balanceAfter: row.balance_after,
    ...(row.order_id === null ? {} : { orderId: row.order_id }),
    ...(row.reason !== null && readerIsOperator ? { reason: row.reason } : {}),
    ...(row.customer_reason === null ? {} : { customerReason: row.customer_reason }),
    createdAt: isoOrNull(row.created_at),
  };
}
