import { isDeepStrictEqual } from "node:util";
import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { checkTerms, DEFAULT_HOLD, type DropTerms, METADATA_MAX } from "./create-drop.ts";
import { type Drop, isOver } from "./drop.ts";
import { drops } from "./drop.sql.ts";
import type { DropView } from "./drop-view.ts";
import { dropNeeds, type FindStock, getDrop, viewDrop } from "./steer-drop.ts";

/** Null removes a key of `metadata`. */
export type EditedTerms = Partial<Omit<DropTerms, "metadata">> & { metadata?: Record<string, string | null> };

/** `version` is the version that the caller read; without it the edit applies to any version. */
export type EditDrop = { dropId: string; version?: number; terms: EditedTerms };

/** Terms that may change at any time; `closesAt` as long as it has not passed. */
const ALWAYS = new Set<keyof DropTerms>(["name", "metadata", "closesAt"]);

/**
 * Changes the terms of a drop: name, metadata and closesAt always, the rest only before it opens. Unchanged values have no effect.
 * Errors: DROP_NOT_FOUND, VERSION_CONFLICT with the drop as `current`, DROP_ALREADY_OPEN with the `fields`, DROP_CLOSED, INVALID_REQUEST.
 */
export function editDrop(findStock: FindStock): Command<EditDrop, DropView> {
  return command<EditDrop, DropView>({
    name: "edit drop",
    prepare: async (input) => ({ ...input, ...(await findStock(input.dropId)) }),
    needs: dropNeeds,

    decide(uow, input) {
      const drop = getDrop(uow, input.dropId);
      if (input.version !== undefined && input.version !== drop.version)
        refuse("VERSION_CONFLICT", { dropId: drop.id, current: viewDrop(uow, input) });
      const before = termsOf(drop);
      const after: DropTerms = { ...before, ...input.terms, metadata: merged(before.metadata, input.terms.metadata) };
      after.holdFor ??= DEFAULT_HOLD[drop.mode];
      const changed = (Object.keys(after) as (keyof DropTerms)[]).filter((name) => !isDeepStrictEqual(before[name], after[name]));
      if (changed.length === 0) return viewDrop(uow, input);
      checkChange(uow, drop, changed, after);
      const { publicValueSource, ...fields } = after;
      uow.put(drops, drop.id, {
        ...drop,
        ...fields,
        version: drop.version + 1,
        draw: drop.draw && changed.includes("publicValueSource") ? { ...drop.draw, publicValueSource } : drop.draw,
      });
      return viewDrop(uow, input);
    },
  });
}

function termsOf({ name, opensAt, closesAt, limitPerCustomer, holdFor, waitlist, metadata, draw }: Drop): DropTerms {
  return { name, opensAt, closesAt, limitPerCustomer, holdFor, waitlist, metadata, publicValueSource: draw?.publicValueSource ?? null };
}

function merged(before: Record<string, string>, changes: Record<string, string | null> = {}): Record<string, string> {
  const after = Object.entries({ ...before, ...changes }).filter((pair): pair is [string, string] => pair[1] !== null);
  return Object.fromEntries(after);
}

function checkChange({ now }: UnitOfWork, drop: Drop, changed: (keyof DropTerms)[], after: DropTerms): void {
  const isOpen = now >= drop.opensAt;
  const fixed = isOpen ? changed.filter((name) => !ALWAYS.has(name)) : [];
  if (fixed.length > 0) refuse("DROP_ALREADY_OPEN", { dropId: drop.id, fields: fixed });
  // A later `closesAt` does not undo a close: the line is lost, or the entries are in the draw.
  if (changed.includes("closesAt") && (drop.closedAt !== null || (drop.mode !== "DIRECT" && isOver(drop, now))))
    refuse("DROP_CLOSED", { dropId: drop.id, reason: "CLOSED" });
  // The standard hold fits every drop, as at its creation, and an open drop may close before its last hold ends.
  const checksHold = changed.includes("holdFor") || (!isOpen && after.holdFor !== DEFAULT_HOLD[drop.mode]);
  if (changed.some((name) => name !== "name" && name !== "metadata"))
    checkTerms(drop.mode, checksHold ? after : { ...after, holdFor: null }, isOpen ? drop.opensAt : now, now);
  if (Object.keys(after.metadata).length > METADATA_MAX) invalid("/metadata", `must not have more than ${METADATA_MAX} keys`);
}
