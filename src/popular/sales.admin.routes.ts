// Sales as operators see them.

import Type from "typebox";
import type { Database } from "../database/pool.ts";
import type { Routes } from "../http/route.ts";
import { Day, Id, Nullable, Query } from "../http/schemas.ts";
import { listSales, listSalesByDay } from "./sales.ts";

const period = {
  from: Type.Optional(Day("In the shop's time zone, included")),
  to: Type.Optional(Day("In the shop's time zone, included")),
};
const amounts = {
  units: Type.Integer(),
  revenue: Type.Integer({ description: "Unit price × units kept, before discounts, in the currency's minor unit" }),
  discount: Type.Integer({ description: "The discount of the units kept" }),
  refunded: Type.Integer({ description: "The amount refunded since" }),
  net: Type.Integer({ description: "Paid less refunded: revenue less discount" }),
};
const aggregatedAt = Nullable(Type.String({ format: "date-time", description: "Sales after it do not count yet" }));
const SalesSchema = Type.Object({ sales: Type.Array(Type.Object({ productId: Id(), name: Type.String(), ...amounts })), aggregatedAt });
const SalesByDaySchema = Type.Object({
  days: Type.Array(
    Type.Object({
      day: Day("In the shop's time zone"),
      orders: Type.Integer({ description: "Orders completed on the day that are not fully refunded" }),
      ...amounts,
    }),
  ),
  aggregatedAt,
});

/** `lists` may be a replica. */
export function salesAdminRoutes(routes: Routes, { lists }: { lists: Database }): void {
  routes.read(
    {
      method: "GET",
      path: "/admin/sales",
      operationId: "listSales",
      audience: "operator",
      permission: "reports",
      tag: "Sales",
      summary: "Sales by product, most units first",
      description:
        "As of the last aggregation. An order counts on the day of its completion, less its refunds since; revenue is unit price × units before discounts.",
      query: Query({
        ...period,
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 100, description: "The most products of the list" })),
      }),
      answers: { 200: SalesSchema },
    },
    ({ query: { from = null, to = null, limit = 100 } }) => listSales(lists, { from, to, limit }),
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/sales/days",
      operationId: "listSalesByDay",
      audience: "operator",
      permission: "reports",
      tag: "Sales",
      summary: "Sales by day, oldest first",
      description: "As of the last aggregation, counted as in `GET /admin/sales`. Days whose units were all refunded are omitted.",
      query: Query({
        ...period,
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: "The number of days, counted from the last" })),
      }),
      answers: { 200: SalesByDaySchema },
    },
    ({ query: { from = null, to = null, limit = 100 } }) => listSalesByDay(lists, { from, to, limit }),
  );
}
