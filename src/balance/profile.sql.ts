import { arrayOf, columns } from "../database/statement.ts";
import type { Metadata } from "../http/metadata.ts";
import type { Table } from "../till/table.ts";

/** Who a user is. `erasedAt` in ms: from then on the user has no personal data. */
export type Profile = { id: string; name: string; externalId: string | null; metadata: Metadata; erasedAt: number | null };

const CHANGED = columns({ id: "uuid", name: "text", external_id: "text", metadata: "jsonb", erased_at: "timestamptz" });

/** Profiles, a part of the users' rows. The lock of the user's wallet guards them. */
export const profiles: Table<Profile> = {
  name: "profiles",
  load: (ids) => ({
    name: "read profiles",
    text: `SELECT id, name, external_id AS "externalId", coalesce(metadata, '{}') AS metadata, erased_at AS "erasedAt" FROM users WHERE id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, row as Profile],
  save: (changes) => [
    {
      name: "update profiles",
      text: `UPDATE users u SET name = v.name, external_id = v.external_id, metadata = v.metadata, erased_at = v.erased_at
             FROM ${CHANGED.unnest} v(${CHANGED.names}) WHERE u.id = v.id`,
      values: CHANGED.arrays(
        changes.map(({ after: { metadata, ...profile } }) => ({ ...profile, metadata: Object.keys(metadata).length === 0 ? null : metadata })),
      ),
      rows: changes.length,
    },
  ],
};
