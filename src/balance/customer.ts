// Users as customers. A user whose personal data was erased is no customer any more.

import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import type { Member, Wallet } from "./balance.ts";
import { members, users } from "./balance.sql.ts";

/** The user's wallet, locked; undefined also for an erased user. */
export function findWallet(uow: UnitOfWork, userId: string): Wallet | undefined {
  const wallet = uow.find(users, userId);
  return wallet?.erased ? undefined : wallet;
}

/** The user's wallet, locked. Errors: USER_NOT_FOUND, also for an erased user. */
export function getWallet(uow: UnitOfWork, userId: string): Wallet {
  return findWallet(uow, userId) ?? refuse("USER_NOT_FOUND", { userId });
}

/** The user without the wallet; undefined also for an erased user. */
export function findMember(uow: UnitOfWork, userId: string): Member | undefined {
  const member = uow.find(members, userId);
  return member?.erased ? undefined : member;
}

/** The user without the wallet. Errors: USER_NOT_FOUND, also for an erased user. */
export function getMember(uow: UnitOfWork, userId: string): Member {
  return findMember(uow, userId) ?? refuse("USER_NOT_FOUND", { userId });
}
