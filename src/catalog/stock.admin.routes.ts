// Changes of a variant's stock other than by sale, and their history.

import Type, { type TSchema } from "typebox";
import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { newestFirst } from "../http/pages.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Either, ForeignKey, Id, Instant, NextCursor, Nullable, page, Query, Text } from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import { adjustStock } from "./adjust-stock.ts";
import { changeStock, type StockChange } from "./change-stock.ts";
import { STOCK_MAX } from "./catalog.ts";
import type { StockLine } from "./stock.ts";
import { selectStockAdjustments, type StockAdjustment } from "./stock.sql.ts";

const ADJUSTMENTS = newestFirst("stock adjustments");

const AdjustmentListSchema = Type.Object({
  adjustments: Type.Array(Type.Object({ id: Id(), delta: Type.Integer(), stockAfter: Type.Integer(), reason: Type.String(), createdAt: Instant() })),
  nextCursor: NextCursor,
});

export function stockAdminRoutes(routes: Routes, { database, stockLine }: { database: Database; stockLine: StockLine }): void {
  const adjust = adjustStock(stockLine);
  routes.write(
    {
      method: "POST",
      path: "/admin/variants/{id}/stock",
      operationId: "adjustStock",
      audience: "operator",
      permission: "stock",
      tag: "Catalog",
      summary: "Add to a variant's stock, or take from it",
      description: "Writes a stock adjustment with its reason. The stock never becomes negative.",
      params: Type.Object({ id: Id() }),
      body: Body({
        delta: Delta(),
        reason: Text(500),
      }),
      answers: { 200: Type.Object({ variantId: Id(), stock: Type.Integer() }) },
      refusals: ["PRODUCT_NOT_FOUND", "STOCK_INSUFFICIENT"],
    },
    ({ params, body }) => submit(adjust, { variantId: params.id, ...body }),
  );

  bulkRoute(routes, stockLine);

  routes.read(
    {
      method: "GET",
      path: "/admin/variants/{id}/stock",
      operationId: "listStockAdjustments",
      audience: "operator",
      permission: "stock",
      tag: "Catalog",
      summary: "A variant's stock adjustments, newest first: its initial stock and every change other than by sale",
      description: "The adjustments less the units sold are the variant's stock.",
      params: Type.Object({ id: Id() }),
      query: Query(page),
      answers: { 200: AdjustmentListSchema },
      refusals: ["PRODUCT_NOT_FOUND"],
      shape: ADJUSTMENTS.checkCursor,
    },
    async ({ params: { id: variantId }, query }) => {
      const { rows, nextCursor } = await ADJUSTMENTS.read(
        query,
        (after, limit) => database.rows<Omit<StockAdjustment, "variantId">>(selectStockAdjustments(variantId, after?.[0] ?? null, limit)),
        ({ id }) => [id],
      );
      // Every variant has its initial stock as an adjustment, so an empty first page means that the
      // variant does not exist.
      if (rows.length === 0 && query.cursor === undefined) refuse("PRODUCT_NOT_FOUND", { variantId });
      return { adjustments: rows.map((row) => ({ ...row, createdAt: iso(row.createdAt) })), nextCursor };
    },
  );
}

const Units = (description: string) => Type.Integer({ minimum: 0, maximum: STOCK_MAX, description });
const Delta = () => Type.Integer({ minimum: -STOCK_MAX, maximum: STOCK_MAX, not: { const: 0 }, description: "Units; never 0" });
const rest = {
  expected: Type.Optional(Units("The stock that the caller took the variant to have; if it has another, the row is faulty")),
  reason: Text(500),
};
const Stock = () => Units("The stock that the variant gets: the units that are free, without those that are held");
const changeOf = (variant: { sku: TSchema } | { variantId: TSchema }) =>
  Either<StockChange, StockChange>("stock", Body({ ...variant, stock: Stock(), ...rest }), Body({ ...variant, delta: Delta(), ...rest }));
const ChangeBody = Either<StockChange, StockChange>("sku", changeOf({ sku: ForeignKey(100) }), changeOf({ variantId: Id() }));

function bulkRoute(routes: Routes, stockLine: StockLine): void {
  const change = changeStock(stockLine);
  routes.write(
    {
      method: "POST",
      path: "/admin/stock",
      operationId: "changeStock",
      audience: "operator",
      permission: "stock",
      bulk: true,
      tag: "Catalog",
      summary: "Change the stock of up to 10,000 variants, all or nothing",
      description:
        "Each row names a variant by `sku` or `variantId`, and has either a `delta` or the new `stock`. Rows are executed in order; each is recorded in the variant's history. If any row is faulty, nothing is changed and `errors` names every faulty row. Answers the stock that is left after each row: units that entries of a drop wait for go to them at once.",
      body: Body({ changes: Type.Array(ChangeBody, { minItems: 1, maxItems: 10_000 }) }),
      answers: { 200: Type.Object({ changes: Type.Array(Type.Object({ variantId: Id(), sku: Nullable(Type.String()), stock: Type.Integer() })) }) },
    },
    ({ body }) => submit(change, { changes: body.changes.map(withLowerId) }),
  );
}

function withLowerId(change: StockChange): StockChange {
  return change.variantId === undefined ? change : { ...change, variantId: change.variantId.toLowerCase() };
}
