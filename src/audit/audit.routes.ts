import Type from "typebox";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import type { Routes } from "../http/route.ts";
import { Instant } from "../http/schemas.ts";
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
      permission: "operations",
      tag: "Operations",
      summary: "Check every invariant of the shop on the live database",
      description: "Reads one snapshot and blocks no other request. At most 100 violations of each invariant.",
      answers: {
        200: Type.Object({
          violations: Type.Array(
            Type.Object({ invariant: Type.Integer({ minimum: 1, maximum: 9 }), what: Type.String() }, { additionalProperties: true }),
          ),
          checkedAt: Instant(),
        }),
      },
    },
    // One audit at a time, so that any number of requests uses two connections.
    () => {
      const next = last.then(() => audit(database, config.timezone));
      last = next.catch(() => {});
      return next;
    },
  );
}
