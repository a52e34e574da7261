import type { Database } from "../database/pool.ts";
import { selectStockOfDrop } from "./drop.sql.ts";
import type { FindStock } from "./steer-drop.ts";

/** Reads the product of a drop and the stock of its variants, as committed. */
export function stockFinder(database: Database): FindStock {
  return async (dropId) => (await database.rows<NonNullable<Awaited<ReturnType<FindStock>>>>(selectStockOfDrop(dropId)))[0];
}
