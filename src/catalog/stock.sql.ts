import { arrayOf, LAST_ID, type Statement, textArray, timestampArray } from "../database/statement.ts";
import type { Journal } from "../till/table.ts";

export type StockAdjustment = { id: string; variantId: string; delta: number; stockAfter: number; reason: string; createdAt: number };

/** Every change of stock other than a sale or its return, including the initial stock. */
export const stockAdjustments: Journal<StockAdjustment> = {
  name: "stock adjustments",
  append: (rows) => ({
    name: "insert stock adjustments",
    text: `INSERT INTO stock_adjustments (id, variant_id, delta, stock_after, reason, created_at)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::timestamptz[])`,
    values: [
      arrayOf(rows, (row) => row.id),
      arrayOf(rows, (row) => row.variantId),
      arrayOf(rows, (row) => row.delta),
      arrayOf(rows, (row) => row.stockAfter),
      textArray(rows, (row) => row.reason),
      timestampArray(rows, (row) => row.createdAt),
    ],
  }),
};

/**
 * A variant's adjustments, newest first.
 * @param before the last id of the previous page; null for the first page
 */
export function selectStockAdjustments(variantId: string, before: string | null, limit: number): Statement {
  return {
    name: "select stock adjustments",
    text: `SELECT id, delta, stock_after AS "stockAfter", reason, created_at AS "createdAt" FROM stock_adjustments
           WHERE variant_id = $1 AND id < $2::uuid ORDER BY id DESC LIMIT $3`,
    values: [variantId, before ?? LAST_ID, limit],
  };
}
