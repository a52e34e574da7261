// The steps of a draw that a round decides. Each does its work once, so a run that broke off is repeated from its beginning.

import { variants } from "../../catalog/catalog.sql.ts";
import { refuse } from "../../refusal.ts";
import { type Command, command } from "../../till/command.ts";
import { need } from "../../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../../till/unit-of-work.ts";
import { announceDrop } from "../announce-drop.ts";
import { type Draw, type Drop, isOver } from "../drop.ts";
import { drops } from "../drop.sql.ts";
import type { DropView } from "../drop-view.ts";
import { lineKey, lines } from "../line.sql.ts";
import { dropNeeds, type FindStock, getDrop, type OfDrop, viewDrop } from "../steer-drop.ts";
import { passUnits } from "../succession.ts";

/** A draw that can still be made: neither made nor given up by closing the drop, and not paused. */
function pending(uow: UnitOfWork, dropId: string): { drop: Drop; draw: Draw } | undefined {
  const drop = uow.find(drops, dropId);
  if (!drop?.draw || drop.closedAt !== null || drop.pausedAt !== null || drop.draw.drawnAt !== null || !isOver(drop, uow.now)) return undefined;
  return { drop, draw: drop.draw };
}

/** Ends the taking of entries after `closesAt`. Answers whether the draw goes on. */
export const closeEntries = command<{ dropId: string }, boolean>({
  name: "close entries",
  needs: ({ dropId }) => [need(drops, dropId)],

  decide(uow, { dropId }) {
    const found = pending(uow, dropId);
    if (!found) return false;
    const { drop, draw } = found;
    if (draw.entriesClosedAt === null) uow.put(drops, dropId, { ...drop, draw: { ...draw, entriesClosedAt: uow.now } });
    return true;
  },
});

/** Fixes the root over the entries, before a public value is taken. Answers whether the draw goes on. */
export const fixRoot = command<{ dropId: string; entriesRoot: string; entryCount: number }, boolean>({
  name: "fix entries root",
  needs: ({ dropId }) => [need(drops, dropId)],

  decide(uow, { dropId, entriesRoot, entryCount }) {
    const found = pending(uow, dropId);
    if (!found) return false;
    const { drop, draw } = found;
    if (draw.entriesRoot === null) uow.put(drops, dropId, { ...drop, draw: { ...draw, entriesRoot, entryCount } });
    return true;
  },
});

/**
 * Takes the public value of a draw, once, after the entries are fixed and before it is drawn.
 * Errors: DROP_NOT_FOUND, DROP_DRAW_CLOSED.
 */
export function setPublicValue(findStock: FindStock): Command<OfDrop & { publicValue: string }, DropView> {
  return command<OfDrop & { publicValue: string }, DropView>({
    name: "set public value",
    prepare: async (input) => ({ ...input, ...(await findStock(input.dropId)) }),
    needs: dropNeeds,

    decide(uow, input) {
      const { draw, ...drop } = getDrop(uow, input.dropId);
      const taken = draw === null || draw.publicValueSource === null || draw.publicValue !== null || draw.drawnAt !== null;
      if (taken || draw.entriesRoot === null || drop.closedAt !== null) refuse("DROP_DRAW_CLOSED", { dropId: drop.id });
      uow.put(drops, drop.id, { ...drop, draw: { ...draw, publicValue: input.publicValue } });
      return viewDrop(uow, input);
    },
  });
}

/**
 * Makes the draw public and hands out its units in one round: with `drawnAt`, the first entries in the drawn order that stock suffices
 * for are held. All entries have their ranks. Answers whether it was made now.
 */
export function publishDraw(findStock: FindStock): Command<OfDrop, boolean> {
  return command<OfDrop, boolean>({
    name: "publish draw",
    prepare: async (input) => ({ ...input, ...(await findStock(input.dropId)) }),
    needs: (input) => [
      ...dropNeeds(input),
      ...(input.stock ?? []).map(({ variantId, units }) => need(lines, lineKey(input.dropId, variantId), units)),
    ],

    decide(uow, { dropId, stock = [] }) {
      const found = pending(uow, dropId);
      if (!found || found.draw.entriesRoot === null) return false;
      const { drop, draw } = found;
      const units = stock.map(({ variantId }) => [variantId, uow.find(variants, variantId)?.stock ?? 0] as const);
      // More units than the lines were read for.
      if (units.some(([id, free]) => free > (stock.find(({ variantId }) => variantId === id)?.units ?? 0))) throw new NeedsChanged();
      const drawn: Drop = { ...drop, draw: { ...draw, drawnAt: uow.now, stock: Object.fromEntries(units) } };
      uow.put(drops, dropId, drawn);
      // Without a waitlist, too, the first entries get their units; the rest has lost.
      for (const [variantId] of units) passUnits(uow, { ...drawn, waitlist: true }, variantId);
      announceDrop(uow, drawn, "drop.drawn", { drawnAt: uow.now });
      return true;
    },
  });
}
