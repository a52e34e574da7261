// The prepaid balance: a wallet per user, and a ledger in which every movement stands.

import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { ledger, users } from "./balance.sql.ts";

/** `balance` in minor units; `version` counts the movements. `made` is there only in the round that makes the user. */
export type Wallet = {
  id: string;
  balance: number;
  version: number;
  /** The rehearsal whose buyer it is; null or absent for a customer. */
  rehearsalId?: string | null;
  made?: { name: string; externalId: string | null; createdAt: number };
};

/** What commands see of a user whose wallet they leave alone. */
export type Member = { rehearsalId: string | null };

/** Whether two belong to the same rehearsal, or both to none. A rehearsal's buyers meet its copies, and nobody and nothing else. */
export function sameRehearsal(a: { rehearsalId?: string | null }, b: { rehearsalId?: string | null }): boolean {
  return (a.rehearsalId ?? null) === (b.rehearsalId ?? null);
}

export type TransactionType = "CHARGE" | "PAYMENT" | "REFUND" | "GRANT";

/** A ledger row. `amount` is signed: what is paid is negative. */
export type Transaction = {
  id: string;
  userId: string;
  version: number;
  type: TransactionType;
  amount: number;
  balanceAfter: number;
  orderId: string | null;
  /** An operator's words: shoppers don't see them. */
  reason: string | null;
  /** What the shopper reads. */
  customerReason: string | null;
  createdAt: number;
};

export type Movement = { type: TransactionType; amount: number; orderId?: string; reason?: string; customerReason?: string | null };

/** A charge or a grant: new money, which may not lift a balance above `balanceMax`. Errors: BALANCE_LIMIT_EXCEEDED. */
export function addFunds(uow: UnitOfWork, wallet: Wallet, movement: Movement & { type: "CHARGE" | "GRANT" }, balanceMax: number): Transaction {
  checkLimit(wallet, movement.amount, balanceMax);
  return moveMoney(uow, wallet, movement);
}

/** The limit binds charges and grants only: money that a refund gives back always fits. Errors: BALANCE_LIMIT_EXCEEDED. */
export function checkLimit(wallet: Wallet, amount: number, balanceMax: number): void {
  if (wallet.balance + amount > balanceMax) refuse("BALANCE_LIMIT_EXCEEDED", { requested: amount, balance: wallet.balance, limit: balanceMax });
}

/**
 * Moves money into a wallet (`amount` > 0) or out of it (< 0): wallet and ledger change together, here and nowhere else.
 * Errors: BALANCE_INSUFFICIENT below zero.
 */
export function moveMoney(uow: UnitOfWork, wallet: Wallet, movement: Movement): Transaction {
  const { type, amount, orderId = null, reason = null, customerReason = null } = movement;
  const balance = wallet.balance + amount;
  if (balance < 0) refuse("BALANCE_INSUFFICIENT", { requested: -amount, available: wallet.balance });
  // Above 2^53 a sum would be rounded. No limit of a shop comes near it, and a rounded balance is worse than an error.
  if (!Number.isSafeInteger(balance)) throw new Error(`balance of user ${wallet.id} exceeds 2^53`);
  const version = wallet.version + 1;
  uow.put(users, wallet.id, { ...wallet, balance, version });
  const transaction: Transaction = {
    id: uow.newId(),
    userId: wallet.id,
    version,
    type,
    amount,
    balanceAfter: balance,
    orderId,
    reason,
    customerReason,
    createdAt: uow.now,
  };
  uow.append(ledger, transaction);
  return transaction;
}
