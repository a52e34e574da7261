// The prepaid balance: a wallet per user, and a ledger of every movement.

import type { Metadata } from "../http/metadata.ts";
import { refuse } from "../refusal.ts";

/** `balance` in minor units. `version` is the place of the newest ledger row; a charge by card takes one when it starts and one when it ends. */
export type Wallet = {
  id: string;
  balance: number;
  version: number;
  /** The rehearsal that made this buyer; null or absent for a customer. */
  rehearsalId?: string | null;
  /** The user's personal data was erased. Absent is false. */
  erased?: boolean;
  /** Set only in the round that creates the user. */
  created?: { name: string; externalId: string | null; metadata: Metadata; createdAt: number };
};

/** A user as seen by commands that do not touch the wallet. */
export type Member = { rehearsalId: string | null; erased?: boolean };

/** Whether two rows belong to the same rehearsal, or both to none. A rehearsal's buyers see only its copies, and only they do. */
export function sameRehearsal(a: { rehearsalId?: string | null }, b: { rehearsalId?: string | null }): boolean {
  return (a.rehearsalId ?? null) === (b.rehearsalId ?? null);
}

export type TransactionType = "CHARGE" | "PAYMENT" | "REFUND" | "GRANT" | "REVOKE";

/** A ledger row. `amount` is negative for payments and for granted money that is taken back. */
export type Transaction = {
  id: string;
  userId: string;
  version: number;
  type: TransactionType;
  amount: number;
  balanceAfter: number;
  orderId: string | null;
  /** Shown to operators only. */
  reason: string | null;
  /** Shown to the shopper. */
  customerReason: string | null;
  createdAt: number;
};

export type Movement = { type: TransactionType; amount: number; orderId?: string; reason?: string; customerReason?: string | null };

/** Checks the limit, which binds charges and grants only: a refund always fits. Errors: BALANCE_LIMIT_EXCEEDED. */
export function checkLimit(wallet: Wallet, amount: number, balanceMax: number): void {
  if (wallet.balance + amount > balanceMax) refuse("BALANCE_LIMIT_EXCEEDED", { requested: amount, balance: wallet.balance, limit: balanceMax });
}
