// Drops as operators create and steer them.

import { randomBytes } from "node:crypto";
import Type from "typebox";
import type { VariantCache } from "../catalog/variant-cache.ts";
import type { Database } from "../database/pool.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Instant, Nullable, OneOf, Text } from "../http/schemas.ts";
import { createDrop } from "./create-drop.ts";
import { DROP_MODES } from "./drop.ts";
import { DropSchema } from "./drop.schemas.ts";

const LIMIT_MAX = 1_000_000;
const Metadata = Type.Unsafe<Record<string, string>>({
  type: "object",
  maxProperties: 50,
  propertyNames: { minLength: 1, maxLength: 40 },
  additionalProperties: { type: "string", maxLength: 500 },
});
const fields = {
  name: Text(300),
  opensAt: Instant(),
  closesAt: Type.Optional(Nullable(Instant())),
  limitPerCustomer: Type.Optional(
    Nullable(Type.Integer({ minimum: 1, maximum: LIMIT_MAX, description: "Units per person over all orders and holds" })),
  ),
  holdFor: Type.Optional(Nullable(Type.String({ maxLength: 40, description: "ISO 8601; how long a hold lasts. Default PT5M, in a draw PT24H" }))),
  waitlist: Type.Optional(Type.Boolean({ description: "Whether entries wait in line when nothing is left for them. Default false" })),
  publicValueSource: Type.Optional(Nullable(Text(1000))),
  metadata: Type.Optional(Metadata),
};

export function dropAdminRoutes(routes: Routes, { variantCache, database }: { variantCache: VariantCache; database: Database }): void {
  const create = createDrop(variantCache, database);
  routes.write(
    {
      method: "POST",
      path: "/admin/drops",
      operationId: "createDrop",
      audience: "operator",
      permission: "drops",
      tag: "Drops",
      summary: "Create a drop: from now on its product is sold only by its rules",
      body: Body({ productId: Id(), mode: Type.Optional(OneOf(DROP_MODES)), ...fields }),
      answers: { 201: DropSchema },
      refusals: ["PRODUCT_NOT_FOUND", "PRODUCT_NOT_FOR_SALE", "DROP_EXISTS"],
    },
    ({ body: { productId, mode = "DIRECT", name, opensAt, ...rest } }) =>
      submit(
        create,
        {
          productId: productId.toLowerCase(),
          mode,
          seed: randomBytes(32).toString("hex"),
          terms: {
            name,
            opensAt: Date.parse(opensAt),
            closesAt: rest.closesAt == null ? null : Date.parse(rest.closesAt),
            limitPerCustomer: rest.limitPerCustomer ?? null,
            holdFor: rest.holdFor ?? null,
            waitlist: rest.waitlist ?? false,
            publicValueSource: rest.publicValueSource ?? null,
            metadata: rest.metadata ?? {},
          },
        },
        201,
      ),
  );
}
