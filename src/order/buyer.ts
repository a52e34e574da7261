// The user for whom an order is placed.

import type { Member, Wallet } from "../balance/balance.ts";
import { members, users } from "../balance/balance.sql.ts";
import { getMember, getWallet } from "../balance/customer.ts";
import { type Need, need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";

/** The parts of an order that say how its user is read. `lineItems`: null for the cart. */
type ForBuyer = {
  userId: string;
  method: "BALANCE" | "DEFERRED";
  lineItems: unknown[] | null;
  shippingAddress?: unknown;
  note?: unknown;
  metadata?: unknown;
};

export function buyerNeed(input: ForBuyer): Need {
  return locksWallet(input) ? need(users, input.userId) : need(members, input.userId);
}

/** Errors: USER_NOT_FOUND. */
export function getBuyer(uow: UnitOfWork, input: ForBuyer): Wallet | Member {
  return locksWallet(input) ? getWallet(uow, input.userId) : getMember(uow, input.userId);
}

/**
 * An order that is paid later needs no wallet. With personal data it locks one nevertheless: it must
 * not be placed while the user is being erased.
 */
function locksWallet({ method, lineItems, shippingAddress, note, metadata }: ForBuyer): boolean {
  return method !== "DEFERRED" || lineItems === null || Boolean(shippingAddress ?? note ?? metadata);
}
