import Type from "typebox";
import type { Routes } from "../http/route.ts";
import { Instant } from "../http/schemas.ts";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import { audit } from "./audit.ts";

export type AuditRoutesOptions = { config: Pick<Config, "timezone">; database: Database };

export function auditRoutes(routes: Routes, { config, database }: AuditRoutesOptions): void {
  let last: Promise<unknown> = Promise.resolve();
  routes.read(
    {
      method: "GET",
      path: "/admin/audit",
      operationId: "audit",
      audience: "operator",
      tag: "Operations",
      summary: "Check every invariant of the shop on the live database",
      description: "Reads one snapshot and holds up nobody. At most 100 violations of each invariant.",
      answers: {
        200: Type.Object({
          violations: Type.Array(
            Type.Object({ invariant: Type.Integer({ minimum: 1, maximum: 7 }), what: Type.String() }, { additionalProperties: true }),
          ),
          checkedAt: Instant(),
        }),
      },
    },
    // One at a time, each with a snapshot of its own: however many are asked for, they take two connections.
    () => {
      const next = last.then(() => audit(database, config.timezone));
      last = next.catch(() => {});
      return next;
    },
  );
}
