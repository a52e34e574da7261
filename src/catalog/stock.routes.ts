import Type from "typebox";
import { iso } from "../database/statement.ts";
import { nextCursor, ownCursor, readCursor } from "../http/cursor.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Instant, NextCursor, page, Query, Text } from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import type { Database } from "../database/pool.ts";
import { adjustStock } from "./adjust-stock.ts";
import { STOCK_MAX } from "./catalog.ts";
import { selectStockAdjustments, type StockAdjustment } from "./catalog.sql.ts";

export type StockRoutesOptions = { database: Database };

/** A variant's stock, changed other than by sale, and the journal of it. */
export function stockRoutes(routes: Routes, { database }: StockRoutesOptions): void {
  routes.write(
    {
      method: "POST",
      path: "/admin/variants/{id}/stock",
      operationId: "adjustStock",
      audience: "operator",
      tag: "Catalogue",
      summary: "Add to a variant's stock, or take from it",
      params: Type.Object({ id: Id() }),
      body: Body({
        delta: Type.Integer({ minimum: -STOCK_MAX, maximum: STOCK_MAX, not: { const: 0 }, description: "Pieces; never 0" }),
        reason: Text(500),
      }),
      answers: { 200: Type.Object({ variantId: Id(), stock: Type.Integer() }) },
      refusals: ["PRODUCT_NOT_FOUND", "STOCK_INSUFFICIENT"],
    },
    ({ params, body }) => submit(adjustStock, { variantId: params.id, ...body }),
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/variants/{id}/stock",
      operationId: "listStockAdjustments",
      audience: "operator",
      tag: "Catalogue",
      summary: "The journal of a variant's stock: its first filling and every change other than by sale, newest first",
      params: Type.Object({ id: Id() }),
      query: Query(page),
      answers: {
        200: Type.Object({
          adjustments: Type.Array(
            Type.Object({ id: Id(), delta: Type.Integer(), stockAfter: Type.Integer(), reason: Type.String(), createdAt: Instant() }),
          ),
          nextCursor: NextCursor,
        }),
      },
      refusals: ["PRODUCT_NOT_FOUND"],
      shape: ownCursor("stock adjustments", ["id"]),
    },
    async ({ params, query: { limit = 20, cursor } }) => {
      const [before] = (readCursor("stock adjustments", cursor, ["id"]) ?? [null]) as [string | null];
      const variantId = params.id;
      const rows = await database.rows<Omit<StockAdjustment, "variantId">>(selectStockAdjustments(variantId, before, limit + 1));
      // A variant's first filling stands in its journal for ever: where there is nothing there is no variant.
      if (rows.length === 0 && before === null) refuse("PRODUCT_NOT_FOUND", { variantId });
      return {
        adjustments: rows.slice(0, limit).map((row) => ({ ...row, createdAt: iso(row.createdAt) })),
        nextCursor: nextCursor(rows, limit, "stock adjustments", (row) => [row.id]),
      };
    },
  );
}
