import { type FieldError, refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { externalIds, members, users } from "./balance.sql.ts";

/** `rehearsalId`: the rehearsal whose buyers they are; unset for customers. */
export type CreateUsers = { users: { name: string; externalId: string | null }[]; bulk: boolean; rehearsalId?: string };
export type UserView = { id: string; name: string; externalId: string | null };

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
    const created = input.users.map(({ name, externalId }, i) => {
      const id = uow.newId();
      if (externalId !== null) {
        const path = input.bulk ? `/users/${i}/externalId` : "/externalId";
        if (uow.find(externalIds, externalId)) taken.push({ path, message: "already belongs to another user" });
        uow.put(externalIds, externalId, id);
      }
      uow.put(users, id, { id, balance: 0, version: 0, rehearsalId, created: { name, externalId, createdAt: uow.now } });
      uow.put(members, id, { rehearsalId });
      return { id, name, externalId };
    });
    if (taken.length > 0) refuse("INVALID_REQUEST", { errors: taken });
    return created;
  },

  view: (created, { bulk }) => (bulk ? { users: created } : created[0]),
});
