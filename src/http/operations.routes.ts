// Probes and metrics for operations.

import type { Registry } from "prom-client";
import Type from "typebox";
import { migrationNames } from "../database/migrate.ts";
import type { Database } from "../database/pool.ts";
import { refuse } from "../refusal.ts";
import { clusterMetrics } from "./cluster-metrics.ts";
import type { Routes } from "./route.ts";

export type OperationsRoutesOptions = {
  database: Database;
  registry: Registry;
  /** Whether the till can be reached. */
  isReachable: () => boolean;
  /** Further checks of `/readyz` about this instance: the card gateway, and the state that instances share. */
  state: () => Record<string, string>;
  /** Checks of `/readyz` about work that waits for other systems. */
  backlog: () => Promise<Record<string, string>>;
};

export function operationsRoutes(routes: Routes, { database, registry, isReachable, state, backlog }: OperationsRoutesOptions): void {
  routes.read(
    {
      method: "GET",
      path: "/healthz",
      operationId: "health",
      audience: "anyone",
      unlimited: true,
      tag: "Operations",
      summary: "The process is running",
      description: "Answers as long as the process serves HTTP, whatever the state of the database. For liveness probes.",
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
      summary: "The database is reachable and migrated",
      description: "`checks.cards` says how cards are taken: `gateway`, `simulated` (no money moves), or `none`.",
      answers: { 200: Type.Object({ status: Type.Literal("ready"), checks: Type.Record(Type.String(), Type.String()) }) },
    },
    async () => {
      if (!isReachable()) refuse("UNAVAILABLE", { retryAfter: 1, till: "down" });
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
      summary: "Metrics in the Prometheus text format",
      description: "Metrics of this instance, of all of its processes. docs/operating/metrics.md describes each.",
      mediaType: registry.contentType,
      answers: { 200: Type.String() },
    },
    () => clusterMetrics(registry),
  );
}
