// The buyers that a rehearsal has made, and what they may meet: its copies, which exist for nobody else but operators.

import type { Database } from "../database/pool.ts";
import type { Caller } from "../http/tokens.ts";
import { sameRehearsal } from "./balance.ts";
import { selectRehearsalOf } from "./balance.sql.ts";

/** Whether a caller may see a product or campaign. Only a copy costs a query. @param caller null without a token */
export async function mayMeet(database: Database, caller: Caller | null, seen: { rehearsalId?: string | null }): Promise<boolean> {
  if ((seen.rehearsalId ?? null) === null || caller?.role === "operator") return true;
  if (caller === null) return false;
  const [user] = await database.rows<{ rehearsalId: string | null }>(selectRehearsalOf(caller.id));
  return user !== undefined && sameRehearsal(user, seen);
}
