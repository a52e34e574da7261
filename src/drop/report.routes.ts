import Type from "typebox";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { isoOrNull } from "../database/statement.ts";
import type { Routes } from "../http/route.ts";
import { Id, Instant, Nullable } from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import { ENTRY_STATUSES } from "./drop.ts";
import type { RefusalCounts } from "./refusal-counts.ts";
import { type ReportRow, selectReport } from "./report.sql.ts";

const Count = (description: string) => Type.Integer({ description });
const ReportSchema = Type.Object(
  {
    sold: Count("Units in paid orders, less refunded ones"),
    revenue: Count("Unit price × units sold, before discounts"),
    refused: Type.Record(Type.String(), Type.Integer(), { description: "Refused orders and entries by code, a few seconds late" }),
    firstSaleAt: Nullable(Instant()),
    lastSaleAt: Nullable(Instant()),
    soldOutAfterMs: Nullable(Count("From the opening until nothing was free for the first time")),
    holdsLapsed: Type.Integer(),
    entries: Type.Record(Type.String(), Type.Integer(), { description: "By status; each status is there" }),
    perSecond: Type.Array(Type.Object({ at: Instant(), orders: Type.Integer() }), {
      description: "Orders placed, for each second that has any, at most 10,000 seconds",
    }),
  },
  { title: "DropReport" },
);

/** @param lists may be slightly outdated: a report reads all orders of a drop */
export function dropReportRoutes(routes: Routes, { lists, refusalCounts, now }: { lists: Database; refusalCounts: RefusalCounts; now: Now }): void {
  routes.read(
    {
      method: "GET",
      path: "/admin/drops/{id}/report",
      operationId: "getDropReport",
      audience: "operator",
      permission: "drops",
      tag: "Drops",
      summary: "What a drop has sold and refused, second by second",
      description: "Orders for each second, and refusals by code. Refusals of other instances appear a few seconds later.",
      params: Type.Object({ id: Id() }),
      answers: { 200: ReportSchema },
      refusals: ["DROP_NOT_FOUND"],
    },
    async ({ params: { id } }) => {
      await refusalCounts.flush().catch(() => {});
      const [row] = await lists.rows<ReportRow>(selectReport(id.toLowerCase(), now()));
      if (!row) refuse("DROP_NOT_FOUND", { dropId: id });
      const entries = Object.fromEntries(ENTRY_STATUSES.map((status) => [status, row.entries[status] ?? 0]));
      return {
        ...row,
        firstSaleAt: isoOrNull(row.firstSaleAt),
        lastSaleAt: isoOrNull(row.lastSaleAt),
        holdsLapsed: entries["LAPSED"] ?? 0,
        entries,
      };
    },
  );
}
