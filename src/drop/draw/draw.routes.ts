// The public data of a draw, and the public value that an operator enters.

import { Readable } from "node:stream";
import Type from "typebox";
import { mayMeet } from "../../balance/rehearsal-buyers.ts";
import type { Database } from "../../database/pool.ts";
import { isoOrNull } from "../../database/statement.ts";
import type { Caller } from "../../http/caller.ts";
import { type Routes, submit } from "../../http/route.ts";
import { Body, Id, Instant, Nullable, Text } from "../../http/schemas.ts";
import { refuse } from "../../refusal.ts";
import type { Draw, Drop } from "../drop.ts";
import { DropSchema } from "../drop.schemas.ts";
import { dropOf, selectDrops } from "../drop.sql.ts";
import { type DropParts, readDrop } from "../read-drop.ts";
import { stockFinder } from "../drop-commands.ts";
import { DRAW_FORMAT } from "./draw.ts";
import { type DrawHeader, drawLine } from "./draw-file.ts";
import { type DrawnEntryRow, selectDrawNodes, selectDrawnEntries } from "./draw.sql.ts";
import { setPublicValue } from "./draw-steps.ts";

const Hash = (description: string) => Type.String({ pattern: "^[0-9a-f]{64}$", description });
const DrawSchema = Type.Object(
  {
    commitment: Hash("SHA-256 of the seed's 32 bytes, public from the drop's creation on"),
    publicValueSource: Nullable(Type.String({ description: "Where the public value comes from; null: none is used" })),
    publicValue: Nullable(Type.String()),
    seed: Nullable(Hash("Published with the draw")),
    entriesRoot: Nullable(Hash("The Merkle root over the entries, fixed when they are closed")),
    entryCount: Nullable(Type.Integer()),
    drawnAt: Nullable(Instant()),
  },
  { title: "Draw" },
);
const PUBLIC_VALUE_MAX = 1000;
/** Files that this instance sends at the same time: each reads the database for as long as its reader takes. */
const FILES_MAX = 8;

export function drawRoutes(routes: Routes, parts: DropParts): void {
  const setValue = setPublicValue(stockFinder(parts.database));
  fileRoute(routes, parts);

  routes.read(
    {
      method: "GET",
      path: "/drops/{dropId}/draw",
      operationId: "getDraw",
      audience: "anyone",
      optionalToken: true,
      tag: "Drops",
      summary: "What is public of a draw, to check it by",
      description: "Values that are not known yet are null. `npx jangnal verify-draw URL` recomputes a draw; docs/api/draws.md has the algorithm.",
      params: Type.Object({ dropId: Id() }),
      answers: { 200: DrawSchema },
      refusals: ["DROP_NOT_FOUND"],
    },
    async ({ caller, params: { dropId } }) => drawView(await getDraw(parts, caller, dropId)),
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/drops/{id}/public-value",
      operationId: "setPublicValue",
      audience: "operator",
      permission: "drops",
      tag: "Drops",
      summary: "Enter the public value of a draw",
      description: "Once, after the entries are closed and their root is fixed (a moment after `closesAt`), before the draw, which follows at once.",
      params: Type.Object({ id: Id() }),
      body: Body({ publicValue: Text(PUBLIC_VALUE_MAX) }),
      answers: { 200: DropSchema },
      refusals: ["DROP_NOT_FOUND", "DROP_DRAW_CLOSED"],
    },
    ({ params: { id }, body: { publicValue } }) => submit(setValue, { dropId: id.toLowerCase(), publicValue }, 200),
  );
}

type PublicDrop = Pick<Drop, "id"> & { draw: Draw };

/** Errors: DROP_NOT_FOUND, also for a drop that is not drawn. */
async function getDraw({ database, cache }: DropParts, caller: Caller | null, dropId: string): Promise<PublicDrop> {
  const drop = await readDrop({ database, cache }, dropId.toLowerCase());
  if (!drop?.draw || !(await mayMeet(database, caller, drop))) refuse("DROP_NOT_FOUND", { dropId });
  return { id: drop.id, draw: drop.draw };
}

function drawView({ draw }: PublicDrop) {
  const { commitment, publicValueSource, publicValue, seed, entriesRoot, entryCount, drawnAt } = draw;
  return { commitment, publicValueSource, publicValue, seed: drawnAt === null ? null : seed, entriesRoot, entryCount, drawnAt: isoOrNull(drawnAt) };
}

function fileRoute(routes: Routes, parts: DropParts): void {
  let open = 0;
  routes.stream(
    {
      method: "GET",
      path: "/drops/{dropId}/draw/file",
      operationId: "getDrawFile",
      audience: "anyone",
      optionalToken: true,
      tag: "Drops",
      summary: "The public file of a draw",
      description:
        "Lines of JSON. The first has `format`, `dropId`, what `GET /drops/{dropId}/draw` has, and `stock`, the units by variant at the draw; once entries are closed, a line follows for each of them by number: `number`, `entryId`, `variantId`, `quantity`, `rank`.",
      params: Type.Object({ dropId: Id() }),
      mediaType: "application/x-ndjson",
      answers: { 200: Type.String() },
      refusals: ["DROP_NOT_FOUND", "BUSY"],
    },
    async ({ caller, params: { dropId } }) => {
      const { id } = await getDraw(parts, caller, dropId);
      if (open >= FILES_MAX) refuse("BUSY", { retryAfter: 5 });
      open++;
      const file = Readable.from(fileOf(parts.database, id), { objectMode: false, highWaterMark: 256 * 1024 });
      file.once("close", () => open--);
      return file;
    },
  );
}

async function* fileOf(database: Database, dropId: string): AsyncGenerator<string> {
  const [row] = await database.rows<Record<string, unknown>>(selectDrops([dropId]));
  if (!row) return;
  const drop = dropOf(row);
  if (!drop.draw) return;
  const { draw } = drop;
  const isDrawn = draw.drawnAt !== null;
  const header: DrawHeader = { format: DRAW_FORMAT, dropId, ...drawView({ id: dropId, draw }), stock: isDrawn ? draw.stock : null };
  yield `${JSON.stringify(header)}\n`;
  if (draw.entriesRoot === null) return;
  const parts = (await database.rows(selectDrawNodes(dropId))).length;
  for (let part = 0; part < parts; part++) {
    const entries = await database.rows<DrawnEntryRow>(selectDrawnEntries(dropId, part));
    yield entries.map(({ rank, ...entry }) => drawLine({ ...entry, rank: isDrawn ? rank : null })).join("");
  }
}
