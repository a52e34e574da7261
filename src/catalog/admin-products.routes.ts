import Type from "typebox";
import { nextCursor, ownCursor, readCursor } from "../http/cursor.ts";
import type { Routes } from "../http/route.ts";
import { Id, Money, NextCursor, OneOf, page, Query, Search } from "../http/schemas.ts";
import type { Database } from "../database/pool.ts";
import { saleStatus } from "./catalog.ts";
import { type AdminProduct, selectAdminProducts } from "./admin-products.sql.ts";

export type AdminProductRoutesOptions = { database: Database };

/** What operators see of the catalogue: what is not for sale, too. */
export function adminProductRoutes(routes: Routes, { database }: AdminProductRoutesOptions): void {
  routes.read(
    {
      method: "GET",
      path: "/admin/products",
      operationId: "listEveryProduct",
      audience: "operator",
      tag: "Catalogue",
      summary: "All products, also those that are not for sale, newest first",
      query: Query({
        ...page,
        q: Search("Searches names, the values of options, and SKUs: every word must occur"),
        status: Type.Optional(OneOf(["ON_SALE", "NOT_FOR_SALE"])),
      }),
      answers: {
        200: Type.Object({
          products: Type.Array(
            Type.Object({
              id: Id(),
              name: Type.String(),
              price: Money(),
              stock: Type.Integer(),
              variants: Type.Integer(),
              status: OneOf(["ON_SALE", "SOLD_OUT", "NOT_FOR_SALE"]),
            }),
          ),
          nextCursor: NextCursor,
        }),
      },
      shape: ownCursor("every product", ["id"]),
    },
    async ({ query: { limit = 20, cursor, q = "", status = null } }) => {
      const [before] = (readCursor("every product", cursor, ["id"]) ?? [null]) as [string | null];
      const rows = await database.rows<AdminProduct>(selectAdminProducts({ search: q, status }, before, limit + 1));
      return {
        products: rows.slice(0, limit).map((row) => ({ ...row, status: saleStatus(row.status, row.stock) })),
        nextCursor: nextCursor(rows, limit, "every product", (row) => [row.id]),
      };
    },
  );
}
