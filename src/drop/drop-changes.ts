import type { Changes } from "../till/table.ts";
import { drops } from "./drop.sql.ts";
import { entries } from "./entry.sql.ts";

/** Whether a round wrote drops or entries, so that the figures of drops are outdated. */
export function changesDrops({ tables }: Changes): boolean {
  return tables.has(drops) || tables.has(entries);
}
