import type { Wallet } from "../balance/balance.ts";
import { members, users } from "../balance/balance.sql.ts";
import { cardCharges } from "../balance/card-charge.sql.ts";
import { changeProfile, viewOf } from "../balance/edit-user.ts";
import type { UserView } from "../balance/create-users.ts";
import { type Profile, profiles } from "../balance/profile.sql.ts";
import { carts } from "../cart/cart.sql.ts";
import type { Database } from "../database/pool.ts";
import { shopEvents } from "../events/shop-events.ts";
import { returns } from "../fulfilment/return.sql.ts";
import type { Order } from "../order/order.ts";
import { orders } from "../order/order.sql.ts";
import { refunds } from "../order/refund/refund.sql.ts";
import { refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { erasedProfile } from "./erased-profile.ts";
import { type Belongings, belongings, type ResponseKey, selectOrderIds, selectResponsesAbout } from "./belongings.sql.ts";

export type EraseUser = {
  userId: string;
  /** Filled in by `prepare`: the user's orders, stored responses about the user, and when they were read (ms). */
  found?: { orderIds: string[]; responses: ResponseKey[]; at: number };
};

/** Transactions that were running when responses were read may commit later, with an earlier time. */
const MARGIN_MS = 10_000;

/**
 * Erases a user's personal data for good: name, external id, metadata, cart; addresses, notes and
 * metadata of the orders; reasons of the returns; stored responses. Orders, payments and ledger stay.
 * Erasing again changes nothing.
 * Errors: USER_NOT_FOUND, USER_NOT_ERASABLE with `reason` OPEN_ORDERS or BALANCE.
 */
export function eraseUser(database: Database, now: () => number): Command<EraseUser, UserView> {
  return command<EraseUser, UserView>({
    name: "erase user",

    async prepare({ userId }) {
      const at = now();
      const orderIds = (await database.rows<{ id: string }>(selectOrderIds(userId))).map(({ id }) => id);
      const responses = await database.rows<ResponseKey>(selectResponsesAbout(userId, orderIds));
      return { userId, found: { orderIds, responses, at } };
    },

    needs: ({ userId, found }) => [
      need(users, userId),
      need(profiles, userId),
      need(carts, userId),
      need(belongings, userId),
      ...(found?.orderIds ?? []).flatMap((id) => [need(orders, id), need(refunds, id), need(returns, id)]),
    ],

    decide(uow, { userId, found }) {
      const wallet = uow.find(users, userId);
      const profile = uow.find(profiles, userId);
      const owned = uow.find(belongings, userId);
      if (!wallet || !profile || !owned || !found) refuse("USER_NOT_FOUND", { userId });
      if (profile.erasedAt !== null) return viewOf(profile);
      if (owned.orderIds.some((id) => !uow.holds(orders, id)) || isWritten(uow, userId, owned)) throw new NeedsChanged();
      const all = owned.orderIds.map((id) => uow.find(orders, id) as Order);
      const open = all.filter((order) => isOpen(uow, order));
      if (open.length > 0) refuse("USER_NOT_ERASABLE", { userId, reason: "OPEN_ORDERS", orderIds: open.slice(0, MOST_NAMED).map(({ id }) => id) });
      if (wallet.balance !== 0 || owned.openCharges > 0) refuse("USER_NOT_ERASABLE", { userId, reason: "BALANCE", balance: wallet.balance });

      // Below this line the user is erased.
      for (const order of all) if (isPersonal(order)) uow.put(orders, order.id, { ...order, shippingAddress: null, note: null, metadata: null });
      uow.put(belongings, userId, { ...owned, erased: { responses: found.responses, since: found.at - MARGIN_MS } });
      return viewOf(eraseProfile(uow, wallet, profile));
    },
  });
}

/** Most open orders that a refusal names. */
const MOST_NAMED = 20;

/** Whether earlier commands of the round have made an order of the user, or changed a charge: `belongings` was read before. */
function isWritten(uow: UnitOfWork, userId: string, { orderIds }: Belongings): boolean {
  return (
    uow.written(orders).some((order) => order.userId === userId && !orderIds.includes(order.id)) ||
    uow.written(cardCharges).some((charge) => charge.userId === userId)
  );
}

/** Unpaid, unshipped, or with a return or a refund that has not ended. */
function isOpen(uow: UnitOfWork, { id, status, fulfilmentStatus }: Order): boolean {
  const isPaid = status === "COMPLETED" || status === "PARTIALLY_REFUNDED";
  return (
    status === "PENDING" ||
    (isPaid && fulfilmentStatus !== "SHIPPED" && fulfilmentStatus !== "DELIVERED") ||
    uow.find(refunds, id)?.status === "PENDING" ||
    (uow.find(returns, id) ?? []).some((row) => row.status === "REQUESTED")
  );
}

function isPersonal({ shippingAddress, note, metadata }: Order): boolean {
  return shippingAddress !== null || note !== null || metadata !== null;
}

function eraseProfile(uow: UnitOfWork, wallet: Wallet, profile: Profile): Profile {
  const { id } = profile;
  const erased = erasedProfile(id, uow.now);
  changeProfile(uow, profile, erased);
  // Later commands of the round do not find the user any more.
  uow.put(users, id, { ...wallet, erased: true });
  uow.put(members, id, { rehearsalId: wallet.rehearsalId ?? null, erased: true });
  if (uow.find(carts, id)?.length) uow.put(carts, id, []);
  if ((wallet.rehearsalId ?? null) === null)
    uow.append(shopEvents, { id: uow.newId(), subject: id, type: "user.erased", data: { userId: id }, at: uow.now });
  return erased;
}
