// A rehearsal's copies of products and campaigns are visible to the buyers of that rehearsal and to operators only.

import type { Database } from "../database/pool.ts";
import type { Caller } from "../http/caller.ts";
import { sameRehearsal } from "./balance.ts";
import { selectRehearsalOf } from "./balance.sql.ts";

/** Whether a caller may see a product or campaign. Only copies need a query. @param caller null without a token */
export async function mayMeet(database: Database, caller: Caller | null, row: { rehearsalId?: string | null }): Promise<boolean> {
  if ((row.rehearsalId ?? null) === null || caller?.role === "operator") return true;
  if (caller === null) return false;
  const [user] = await database.rows<{ rehearsalId: string | null }>(selectRehearsalOf(caller.id));
  return user !== undefined && sameRehearsal(user, row);
}
