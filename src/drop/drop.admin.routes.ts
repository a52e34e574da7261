// Drops as operators create and steer them.

import { randomBytes } from "node:crypto";
import Type from "typebox";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Instant, Nullable, OneOf, Text, Version } from "../http/schemas.ts";
import { createDrop, METADATA_MAX } from "./create-drop.ts";
import { DROP_MODES } from "./drop.ts";
import { stockFinder } from "./drop-commands.ts";
import { DropSchema } from "./drop.schemas.ts";
import { type EditedTerms, editDrop } from "./edit-drop.ts";
import { entryListRoute } from "./entry-list.routes.ts";
import { closeDrop, type FindStock, pauseDrop, releaseDrop, resumeDrop } from "./steer-drop.ts";

const LIMIT_MAX = 1_000_000;
const metadataOf = (value: unknown) =>
  Type.Unsafe<Record<string, string | null>>({
    type: "object",
    maxProperties: METADATA_MAX,
    propertyNames: { minLength: 1, maxLength: 40 },
    additionalProperties: value,
  });
const Value = { type: "string", maxLength: 500 };
const fields = {
  name: Text(300),
  opensAt: Instant(),
  closesAt: Type.Optional(Nullable(Instant())),
  limitPerCustomer: Type.Optional(
    Nullable(Type.Integer({ minimum: 1, maximum: LIMIT_MAX, description: "Units per person over all orders and holds; null: no limit" })),
  ),
  holdFor: Type.Optional(Nullable(Type.String({ maxLength: 40, description: "How long a hold lasts, ISO 8601. Default PT5M, in a draw PT24H" }))),
  waitlist: Type.Optional(Type.Boolean({ description: "Whether entries wait in line when nothing is left for them. Default false" })),
  publicValueSource: Type.Optional(Nullable(Text(1000))),
};
const EditBody = Body({
  ...fields,
  name: Type.Optional(fields.name),
  opensAt: Type.Optional(fields.opensAt),
  metadata: Type.Optional(metadataOf({ anyOf: [Value, { type: "null" }] })),
  version: Type.Optional(
    Version("The version that was read; if the current version differs: 409 `VERSION_CONFLICT` with the current drop as `current`"),
  ),
});

type DropAdminParts = { database: Database; now: Now };

export function dropAdminRoutes(routes: Routes, { database, now }: DropAdminParts): void {
  const findStock = stockFinder(database);
  createRoute(routes, database);
  editRoute(routes, findStock);
  steerRoutes(routes, findStock);
  entryListRoute(routes, database, now);
}

function createRoute(routes: Routes, database: Database): void {
  const create = createDrop(database);
  routes.write(
    {
      method: "POST",
      path: "/admin/drops",
      operationId: "createDrop",
      audience: "operator",
      permission: "drops",
      tag: "Drops",
      summary: "Create a drop: from now on its product is sold only by its rules",
      description:
        "DIRECT (default): orders are taken from `opensAt` to `closesAt`. FIRST_COME: entries hold units, and wait in line with `waitlist`. DRAW: entries are drawn after `closesAt`.",
      body: Body({ productId: Id(), mode: Type.Optional(OneOf(DROP_MODES)), ...fields, metadata: Type.Optional(metadataOf(Value)) }),
      answers: { 201: DropSchema },
      refusals: ["PRODUCT_NOT_FOUND", "PRODUCT_NOT_FOR_SALE", "DROP_EXISTS"],
    },
    ({ body: { productId, mode = "DIRECT", ...sent } }) => {
      const terms = {
        closesAt: null,
        limitPerCustomer: null,
        holdFor: null,
        waitlist: false,
        publicValueSource: null,
        metadata: {},
        ...termsOf(sent),
      };
      return submit(create, { productId: productId.toLowerCase(), mode, seed: randomBytes(32).toString("hex"), terms: terms as never }, 201);
    },
  );
}

function editRoute(routes: Routes, findStock: FindStock): void {
  const edit = editDrop(findStock);
  routes.write(
    {
      method: "PATCH",
      path: "/admin/drops/{id}",
      operationId: "editDrop",
      audience: "operator",
      permission: "drops",
      tag: "Drops",
      summary: "Change a drop",
      description:
        "`name`, `metadata` and `closesAt` at any time, the rest only before it opens. `metadata` is merged by key; null removes a key. Unchanged values have no effect. Once entries are closed, `closesAt` stays.",
      params: Type.Object({ id: Id() }),
      body: EditBody,
      answers: { 200: DropSchema },
      refusals: ["DROP_NOT_FOUND", "VERSION_CONFLICT", "DROP_ALREADY_OPEN", "DROP_CLOSED"],
    },
    ({ params, body: { version, ...sent } }) =>
      submit(edit, { dropId: params.id.toLowerCase(), ...(version === undefined ? {} : { version }), terms: termsOf(sent) }),
  );
}

type SentTerms = Omit<EditedTerms, "opensAt" | "closesAt"> & { opensAt?: string; closesAt?: string | null };

/** Converts the instants of a request to ms. */
function termsOf({ opensAt, closesAt, ...rest }: SentTerms): EditedTerms {
  return {
    ...rest,
    ...(opensAt === undefined ? {} : { opensAt: Date.parse(opensAt) }),
    ...(closesAt === undefined ? {} : { closesAt: closesAt === null ? null : Date.parse(closesAt) }),
  };
}

function steerRoutes(routes: Routes, findStock: FindStock): void {
  const steps = [
    ["pause", pauseDrop(findStock), "Pause a drop", "Neither orders nor entries are taken, nothing lapses and nothing is passed on."],
    [
      "resume",
      resumeDrop(findStock),
      "Resume a drop",
      "Every hold is moved by the length of the pause, and what became free meanwhile passes to the line.",
    ],
    ["close", closeDrop(findStock), "Close a drop for good", "Holds lapse and the line is lost. Orders that were placed go on."],
    [
      "release",
      releaseDrop(findStock),
      "Sell the rest of a closed drop like any other product",
      "Refused with `DROP_EXISTS` while the drop is not closed.",
    ],
  ] as const;
  for (const [step, command, summary, description] of steps)
    routes.write(
      {
        method: "POST",
        path: `/admin/drops/{id}/${step}`,
        operationId: `${step}Drop`,
        audience: "operator",
        permission: "drops",
        tag: "Drops",
        summary,
        description: `${description} A repeated request changes nothing.`,
        params: Type.Object({ id: Id() }),
        body: Body({}),
        answers: { 200: DropSchema },
        refusals: ["DROP_NOT_FOUND", ...(step === "release" ? (["DROP_EXISTS"] as const) : step === "close" ? [] : (["DROP_CLOSED"] as const))],
      },
      ({ params }) => submit(command, { dropId: params.id.toLowerCase() }),
    );
}
