import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { externalIds, members, users } from "./balance.sql.ts";

export type ProvisionUser = { externalId: string; name: string };

/** The id of the user with this external id, who is created with an empty wallet if there is none. */
export const provisionUser = command<ProvisionUser, string>({
  name: "provision user",
  needs: ({ externalId }) => [need(externalIds, externalId)],

  decide(uow, { externalId, name }) {
    const found = uow.find(externalIds, externalId);
    if (found) return found;
    const id = uow.newId();
    uow.put(externalIds, externalId, id);
    uow.put(users, id, { id, balance: 0, version: 0, rehearsalId: null, created: { name, externalId, metadata: {}, createdAt: uow.now } });
    uow.put(members, id, { rehearsalId: null });
    return id;
  },
});

/** The id of the user with this external id; null if there is none. */
export const findUser = command<string, string | null>({
  name: "find user",
  needs: (externalId) => [need(externalIds, externalId)],
  decide: (uow, externalId) => uow.find(externalIds, externalId) ?? null,
});
