import { type FieldError, refuse } from "../refusal.ts";
import type { Metadata } from "../http/metadata.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { externalIds, members, users } from "./balance.sql.ts";

/** `metadata` is empty if it is absent. */
export type NewUser = { name: string; externalId: string | null; metadata?: Metadata };
/** `rehearsalId`: the rehearsal whose buyers they are; unset for customers. */
export type CreateUsers = { users: NewUser[]; bulk: boolean; rehearsalId?: string };
export type UserView = { id: string; name: string; externalId: string | null; metadata: Metadata };

/**
 * Creates users with empty wallets, in the order given. An `externalId` belongs to one user.
 * Errors: INVALID_REQUEST, which names every `externalId` that is taken.
 */
export const createUsers = command<CreateUsers, UserView[]>({
  name: "create users",
  needs: (input) => input.users.flatMap(({ externalId }) => (externalId === null ? [] : [need(externalIds, externalId)])),

  decide(uow, input) {
    const { rehearsalId = null } = input;
    const taken: FieldError[] = [];
    const created = input.users.map(({ name, externalId, metadata = {} }, i) => {
      const id = uow.newId();
      if (externalId !== null) {
        const path = input.bulk ? `/users/${i}/externalId` : "/externalId";
        if (uow.find(externalIds, externalId)) taken.push({ path, message: "already belongs to another user" });
        uow.put(externalIds, externalId, id);
      }
      uow.put(users, id, { id, balance: 0, version: 0, rehearsalId, created: { name, externalId, metadata, createdAt: uow.now } });
      uow.put(members, id, { rehearsalId });
      return { id, name, externalId, metadata };
    });
    if (taken.length > 0) refuse("INVALID_REQUEST", { errors: taken });
    return created;
  },

  view: (created, { bulk }) => (bulk ? { users: created } : created[0]),
});
