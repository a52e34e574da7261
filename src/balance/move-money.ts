import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { checkLimit, type Movement, type Transaction, type Wallet } from "./balance.ts";
import { ledger, users } from "./balance.sql.ts";

/** Adds new money to a wallet, by a charge or a grant. Errors: BALANCE_LIMIT_EXCEEDED if the balance would exceed `balanceMax`. */
export function addFunds(uow: UnitOfWork, wallet: Wallet, movement: Movement & { type: "CHARGE" | "GRANT" }, balanceMax: number): Transaction {
  checkLimit(wallet, movement.amount, balanceMax);
  return moveMoney(uow, wallet, movement);
}

/**
 * Moves money into a wallet (`amount` > 0) or out of it (`amount` < 0). Every movement of an existing wallet goes through here, except
 * a settled charge by card, so wallet and ledger change together.
 * Errors: BALANCE_INSUFFICIENT below zero.
 */
export function moveMoney(uow: UnitOfWork, wallet: Wallet, movement: Movement): Transaction {
  const { type, amount, orderId = null, reason = null, customerReason = null } = movement;
  const balance = wallet.balance + amount;
  if (balance < 0) refuse("BALANCE_INSUFFICIENT", { requested: -amount, available: wallet.balance });
  // Above 2^53 a sum would be rounded, and a rounded balance is worse than an error. No shop's limit comes near it.
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
