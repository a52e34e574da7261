import { createHash } from "node:crypto";
import { productStatus } from "../catalog/catalog.ts";
import { products, variants } from "../catalog/catalog.sql.ts";
import type { VariantSet } from "../catalog/read-catalog.sql.ts";
import { checkSet, variantSetOf } from "../catalog/variant-sets.ts";
import type { Database } from "../database/pool.ts";
import { durationMs } from "../env.ts";
import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { NeedsChanged } from "../till/unit-of-work.ts";
import { type Draw, type Drop, type DropMode, hasEnded } from "./drop.ts";
import { drops, selectDropOfProduct } from "./drop.sql.ts";
import { dropView, type DropView } from "./drop-view.ts";

/** The terms of a drop that an operator sets. Instants in ms, `holdFor` an ISO 8601 duration. */
export type DropTerms = {
  name: string;
  opensAt: number;
  closesAt: number | null;
  limitPerCustomer: number | null;
  holdFor: string | null;
  waitlist: boolean;
  publicValueSource: string | null;
  metadata: Record<string, string>;
};

export type CreateDrop = {
  productId: string;
  mode: DropMode;
  terms: DropTerms;
  /** 64 hex digits, secret until the draw. */
  seed: string;
  rehearsalId?: string;
  /** Filled in by `prepare`, as is the drop that the product has. */
  set?: VariantSet | undefined;
  previousId?: string | null;
};

export const METADATA_MAX = 50;
/** How long ago `opensAt` may be: clocks differ, and a drop may be meant to open at once. */
const LATE_MS = 60_000;
/** The longest hold. */
const HOLD_MAX_MS = 30 * 86_400_000;
export const DEFAULT_HOLD = { DIRECT: null, FIRST_COME: "PT5M", DRAW: "PT24H" };

/**
 * Creates a drop, by whose rules alone its product is sold from now on.
 * Errors: PRODUCT_NOT_FOUND, PRODUCT_NOT_FOR_SALE, DROP_EXISTS, INVALID_REQUEST with the field.
 */
export function createDrop(database: Database): Command<CreateDrop, DropView> {
  return command<CreateDrop, DropView>({
    name: "create drop",
    async prepare(input) {
      const [set, [product]] = await Promise.all([
        variantSetOf(database, input.productId),
        database.rows<{ dropId: string | null }>(selectDropOfProduct(input.productId)),
      ]);
      return { ...input, set, previousId: product?.dropId ?? null };
    },
    needs: ({ productId, set, previousId }) => [
      need(products, productId),
      ...(set?.variantIds ?? []).map((id) => need(variants, id)),
      ...(previousId == null ? [] : [need(drops, previousId)]),
    ],

    decide(uow, { productId, mode, terms, seed, rehearsalId, set, previousId = null }) {
      const product = uow.find(products, productId) ?? refuse("PRODUCT_NOT_FOUND", { productId });
      if (set === undefined) throw new NeedsChanged();
      checkSet(product, set);
      const rows = set.variantIds.map((id) => uow.find(variants, id) ?? refuse("PRODUCT_NOT_FOUND", { productId }));
      if ((product.dropId ?? null) !== previousId) throw new NeedsChanged();
      const holdFor = terms.holdFor ?? DEFAULT_HOLD[mode];
      checkTerms(mode, terms, uow.now, uow.now);
      if (productStatus(product, rows) !== "ON_SALE") refuse("PRODUCT_NOT_FOR_SALE", { productId });
      const previous = previousId === null ? undefined : uow.find(drops, previousId);
      if (previous && !hasEnded(previous, uow.now)) refuse("DROP_EXISTS", { productId, dropId: previous.id });

      const { publicValueSource, ...fields } = terms;
      const drop: Drop = {
        id: uow.newId(),
        productId,
        mode,
        ...fields,
        holdFor,
        version: 1,
        number: 0,
        pausedAt: null,
        pausedMs: 0,
        closedAt: null,
        releasedAt: null,
        soldOutAt: null,
        firstSoldOutAt: null,
        openingTold: null,
        closingTold: null,
        draw: mode === "DRAW" ? newDraw(seed, publicValueSource) : null,
        rehearsalId: rehearsalId ?? null,
        made: { createdAt: uow.now },
      };
      uow.put(drops, drop.id, drop);
      uow.put(products, productId, { ...product, dropId: drop.id });
      const remaining = rows.reduce((sum, { status, stock }) => sum + (status === "ON_SALE" ? stock : 0), 0);
      return dropView(drop, { remaining, called: 0 }, uow.now);
    },
  });
}

/**
 * Checks the terms of a drop.
 * @param earliest the earliest opening that is allowed, less a minute
 * Errors: INVALID_REQUEST with the field.
 */
export function checkTerms(mode: DropMode, { opensAt, closesAt, holdFor, publicValueSource }: DropTerms, earliest: number, now: number): void {
  if (opensAt < earliest - LATE_MS) invalid("/opensAt", "must not be in the past");
  if (closesAt !== null && closesAt <= opensAt) invalid("/closesAt", "must be later than opensAt");
  if (closesAt !== null && closesAt <= now) invalid("/closesAt", "must not be in the past");
  if (mode === "DRAW" && closesAt === null) invalid("/closesAt", "is required: a draw is made after the close");
  if (mode !== "DRAW" && publicValueSource !== null) invalid("/publicValueSource", "only a draw has a public value");
  const holdMs = holdFor === null ? undefined : (durationMs(holdFor) ?? invalid("/holdFor", "must be an ISO 8601 duration like PT5M"));
  if (holdMs === undefined) return;
  if (holdMs > HOLD_MAX_MS) invalid("/holdFor", "must not exceed 30 days");
  // A draw's holds begin after the close.
  if (mode !== "DRAW" && closesAt !== null && holdMs > closesAt - opensAt) invalid("/holdFor", "must not be longer than the drop");
}

/** Commits to a secret seed (docs/api/draws.md). */
function newDraw(seed: string, publicValueSource: string | null): Draw {
  const commitment = createHash("sha256").update(Buffer.from(seed, "hex")).digest("hex");
  return {
    seed,
    commitment,
    publicValueSource,
    publicValue: null,
    entriesClosedAt: null,
    entriesRoot: null,
    entryCount: null,
    drawnAt: null,
    stock: null,
  };
}
