// Entries of drops: entering, one's own entry, leaving.

import Type from "typebox";
import type { VariantCache } from "../catalog/variant-cache.ts";
import { onBehalf } from "../http/on-behalf.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Nullable, Quantity, Query } from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import { type DropParts, readDrop } from "./read-drop.ts";
import { Proofs } from "./draw/proof.ts";
import { isDrawn } from "./drop.ts";
import { enterDrop } from "./enter-drop.ts";
import { entryFields, entryView } from "./entry-view.ts";
import { leaveDrop } from "./end-entry.ts";
import { entryFinder, type FindEntry, ownEntryFinder } from "./find-entry.ts";
import { personOf } from "./person-of.ts";
import type { RefusalCounts } from "./refusal-counts.ts";
import type { ProductDrops } from "./product-drops.ts";

const EntrySchema = Type.Object(entryFields, { title: "Entry" });
const OwnEntrySchema = Type.Object(
  {
    ...entryFields,
    proof: Type.Optional(
      Nullable(
        Type.Object(
          { leaf: Type.String(), index: Type.Integer(), path: Type.Array(Type.String()) },
          { description: "After a draw: shows that the entry was in it (docs/api/draws.md). Null if it left before the close" },
        ),
      ),
    ),
  },
  { title: "OwnEntry" },
);
const params = Type.Object({ dropId: Id() });

export type EntryParts = DropParts & { productDrops: ProductDrops; variantCache: VariantCache; refusalCounts: RefusalCounts };

export function entryRoutes(routes: Routes, parts: EntryParts): void {
  const findEntry = entryFinder(parts.database);
  const proofs = new Proofs(parts.database);
  enterRoute(routes, parts);
  ownEntryRoute(routes, parts, proofs);
  leaveRoute(routes, parts, findEntry, proofs);
}

function enterRoute(routes: Routes, { productDrops, variantCache, refusalCounts }: EntryParts): void {
  const enter = enterDrop(productDrops, variantCache);
  routes.write(
    {
      method: "POST",
      path: "/drops/{dropId}/entries",
      operationId: "enterDrop",
      audience: "shopper",
      permission: "drops",
      tag: "Drops",
      summary: "Enter a drop that gives holds",
      description:
        "FIRST_COME: units are held at once while there are any, until `heldUntil`; else the entry waits in line, or, without a waitlist, is refused. DRAW: the entry waits for the draw. `variantId` may be left out where the product has one variant, `quantity` is 1 by default.",
      params,
      body: Body({
        variantId: Type.Optional(Id()),
        quantity: Type.Optional(Quantity()),
        userId: Type.Optional(Id("The caller's own, unless an operator calls")),
      }),
      answers: { 201: EntrySchema },
      refusals: [
        "FORBIDDEN",
        "USER_NOT_FOUND",
        "DROP_NOT_FOUND",
        "PRODUCT_NOT_FOUND",
        "PRODUCT_NOT_FOR_SALE",
        "STOCK_INSUFFICIENT",
        "DROP_NOT_OPEN",
        "DROP_CLOSED",
        "DROP_SOLD_OUT",
        "DROP_LIMIT_EXCEEDED",
        "DROP_ALREADY_ENTERED",
      ],
    },
    ({ caller, params: { dropId }, body: { variantId, quantity = 1, userId: wanted } }) => {
      const userId = onBehalf(caller, wanted);
      const variant = variantId === undefined ? {} : { variantId: variantId.toLowerCase() };
      return refusalCounts.counting(
        submit(enter, { dropId: dropId.toLowerCase(), userId, person: personOf(caller, userId), ...variant, quantity }, 201),
      );
    },
  );
}

function ownEntryRoute(routes: Routes, { database, cache, now }: EntryParts, proofs: Proofs): void {
  const findOwn = ownEntryFinder(database);
  routes.read(
    {
      method: "GET",
      path: "/drops/{dropId}/entries/mine",
      operationId: "getOwnEntry",
      audience: "shopper",
      permission: "drops",
      tag: "Drops",
      summary: "The caller's last entry",
      description:
        "Also an entry that has ended. For a drawn drop it comes with the proof of its rank. A page asks with `optional=true`, since browsers log each 404 as an error.",
      params,
      query: Query({ optional: Type.Optional(Type.Boolean({ description: "Whether 204, and not 404, tells that there is no entry" })) }),
      answers: { 200: OwnEntrySchema, 204: null },
      refusals: ["DROP_NOT_FOUND", "ENTRY_NOT_FOUND"],
    },
    async ({ caller, params: { dropId }, query: { optional = false } }) => {
      const id = dropId.toLowerCase();
      const drop = (await readDrop({ database, cache }, id)) ?? refuse("DROP_NOT_FOUND", { dropId });
      const entry = await findOwn(id, personOf(caller, caller.id));
      if (!entry || entry.userId !== caller.id) return optional ? null : refuse("ENTRY_NOT_FOUND", { dropId });
      if (!isDrawn(drop)) return entryView(drop, { ...entry, rank: null }, drop.called, now());
      const [proof, rank] = await Promise.all([proofs.of(id, entry.number), proofs.rankOf(id, entry.number)]);
      return { ...entryView(drop, { ...entry, rank }, drop.called, now()), proof };
    },
  );
}

function leaveRoute(routes: Routes, { productDrops }: EntryParts, findEntry: FindEntry, proofs: Proofs): void {
  const leave = leaveDrop(productDrops, findEntry, (dropId, number) => proofs.rankOf(dropId, number));
  routes.write(
    {
      method: "DELETE",
      path: "/drops/{dropId}/entries/mine",
      operationId: "leaveDrop",
      audience: "shopper",
      permission: "drops",
      tag: "Drops",
      summary: "Leave the line or give up a hold",
      description: "Units that were held pass to the line. An entry that has ended stays as it is, so a repeated request does no harm.",
      params,
      answers: { 204: null },
      refusals: ["DROP_NOT_FOUND", "ENTRY_NOT_FOUND", "DROP_ENTRY_ORDERED"],
    },
    ({ caller, params: { dropId } }) => submit(leave, { dropId: dropId.toLowerCase(), person: personOf(caller, caller.id), userId: caller.id }, 204),
  );
}
