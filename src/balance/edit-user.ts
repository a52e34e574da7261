import { mergedMetadata, type MetadataPatch } from "../http/metadata.ts";
import { invalid, refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { externalIds, users } from "./balance.sql.ts";
import type { UserView } from "./create-users.ts";
import { getWallet } from "./customer.ts";
import { type Profile, profiles } from "./profile.sql.ts";

/** Members that are left out stay as they are. `metadata` is merged by key. */
export type EditUser = {
  userId: string;
  name?: string | undefined;
  externalId?: string | null | undefined;
  metadata?: MetadataPatch | undefined;
};

/**
 * Changes a user's name, external id and metadata.
 * Errors: USER_NOT_FOUND, INVALID_REQUEST for an external id that is taken or for too many keys of metadata.
 */
export const editUser = command<EditUser, UserView>({
  name: "edit user",
  needs: ({ userId, externalId }) => [
    need(users, userId),
    need(profiles, userId),
    ...(externalId === undefined || externalId === null ? [] : [need(externalIds, externalId)]),
  ],

  decide(uow, { userId, name, externalId, metadata }) {
    getWallet(uow, userId);
    const profile = uow.find(profiles, userId) ?? refuse("USER_NOT_FOUND", { userId });
    const edited: Profile = {
      ...profile,
      name: name ?? profile.name,
      externalId: externalId === undefined ? profile.externalId : externalId,
      metadata: mergedMetadata(profile.metadata, metadata),
    };
    if (edited.externalId !== null && edited.externalId !== profile.externalId && uow.find(externalIds, edited.externalId))
      invalid("/externalId", "already belongs to another user");
    changeProfile(uow, profile, edited);
    return viewOf(edited);
  },
});

/** The user of an external id that the round has freed. */
const NOBODY = "";

/** Replaces a profile. Later commands of the round find the user by the new external id only. */
export function changeProfile(uow: UnitOfWork, before: Profile, after: Profile): void {
  uow.put(profiles, after.id, after);
  if (before.externalId === after.externalId) return;
  if (before.externalId !== null) uow.put(externalIds, before.externalId, NOBODY);
  if (after.externalId !== null) uow.put(externalIds, after.externalId, after.id);
}

export function viewOf({ id, name, externalId, metadata }: Profile): UserView {
  return { id, name, externalId, metadata };
}
