import Type from "typebox";
import type { Routes } from "../http/route.ts";
import { Instant } from "../http/schemas.ts";
import type { Shop } from "../shop.ts";
import { audit } from "./audit.ts";

export function auditRoutes(routes: Routes, { config, database }: Shop): void {
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
    () => audit(database, config.timezone),
  );
}
