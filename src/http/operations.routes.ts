// For those who run the shop: is it alive, is it ready, what is it doing.

import type { Registry } from "prom-client";
import Type from "typebox";
import { migrationNames } from "../database/migrate.ts";
import type { Database } from "../database/pool.ts";
import { refuse } from "../refusal.ts";
import { clusterMetrics } from "./cluster-metrics.ts";
import type { Routes } from "./route.ts";

/**
 * `state`: what else there is to know of this instance: what takes cards, how the things that instances share are.
 * `backlog`: what waits for other systems.
 */
type Operations = { database: Database; registry: Registry; state: () => Record<string, string>; backlog: () => Promise<Record<string, string>> };

export function operationsRoutes(routes: Routes, { database, registry, state, backlog }: Operations): void {
  routes.read(
    {
      method: "GET",
      path: "/healthz",
      operationId: "health",
      audience: "anyone",
      unlimited: true,
      tag: "Operations",
      summary: "The process lives",
      answers: { 200: Type.Object({ status: Type.Literal("ok") }) },
    },
    () => ({ status: "ok" }),
  );

  routes.read(
    {
      method: "GET",
      path: "/readyz",
      operationId: "readiness",
      audience: "anyone",
      unlimited: true,
      tag: "Operations",
      summary: "The database answers, and is migrated",
      description: "`checks.cards` says what takes cards: `gateway`, `simulated` (no money moves), or `none`.",
      answers: { 200: Type.Object({ status: Type.Literal("ready"), checks: Type.Record(Type.String(), Type.String()) }) },
    },
    async () => {
      const rows = await database.rows<{ name: string }>({ name: "select migrations", text: "SELECT name FROM migrations", values: [] });
      const missing = migrationNames().filter((name) => !rows.some((row) => row.name === name));
      if (missing.length > 0) refuse("UNAVAILABLE", { retryAfter: 5, missingMigrations: missing });
      return { status: "ready", checks: { database: "ok", migrations: "ok", ...state(), ...(await backlog()) } };
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/metrics",
      operationId: "metrics",
      audience: "anyone",
      unlimited: true,
      tag: "Operations",
      summary: "Numbers for Prometheus, in its text format",
      mediaType: registry.contentType,
      answers: { 200: Type.String() },
    },
    () => clusterMetrics(registry),
  );
}
