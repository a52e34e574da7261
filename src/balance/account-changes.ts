import type { Change, Changes } from "../till/table.ts";
import { type Profile, profiles } from "./profile.sql.ts";

/** The external ids that a round has taken from their users. */
export function freedExternalIds({ tables }: Changes): string[] {
  const changes = (tables.get(profiles) ?? []) as Change<Profile>[];
  return changes.flatMap(({ before, after }) => {
    const freed = before?.externalId ?? null;
    return freed === null || freed === after.externalId ? [] : [freed];
  });
}
