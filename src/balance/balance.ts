// The prepaid balance: a wallet per user, and a ledger in which every movement stands.

import { refuse } from "../refusal.ts";
import type { WorkingSet } from "../till/working-set.ts";
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
  reason: string | null;
  createdAt: number;
};

export type Movement = { type: TransactionType; amount: number; orderId?: string; reason?: string };

/**
 * Moves money into a wallet (`amount` > 0) or out of it (< 0): wallet and ledger change together, here and nowhere else.
 * Errors: BALANCE_INSUFFICIENT below zero, BALANCE_LIMIT_EXCEEDED above `balanceMax`.
 */
export function moveMoney(shop: WorkingSet, wallet: Wallet, movement: Movement, balanceMax: number): Transaction {
  const { type, amount, orderId = null, reason = null } = movement;
  const balance = wallet.balance + amount;
  if (balance < 0) refuse("BALANCE_INSUFFICIENT", { requested: -amount, available: wallet.balance });
  if (amount > 0 && balance > balanceMax) refuse("BALANCE_LIMIT_EXCEEDED", { requested: amount, balance: wallet.balance, limit: balanceMax });
  const version = wallet.version + 1;
  shop.put(users, wallet.id, { ...wallet, balance, version });
  const transaction = { id: shop.newId(), userId: wallet.id, version, type, amount, balanceAfter: balance, orderId, reason, createdAt: shop.now };
  shop.append(ledger, transaction);
  return transaction;
}
