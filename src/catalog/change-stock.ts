import { type FieldError, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { setStock } from "./adjust-stock.ts";
import { STOCK_MAX, type Variant } from "./catalog.ts";
import { variants } from "./catalog.sql.ts";
import type { StockLine, StockPlace } from "./stock.ts";

/** Names a variant by `sku` or `variantId`, and changes its stock by `delta` or to `stock`. `expected` is the stock that the caller took it to have. */
export type StockChange = { sku?: string; variantId?: string; delta?: number; stock?: number; expected?: number; reason: string };

/** `prepare` fills in `places`. */
export type ChangeStock = { changes: StockChange[]; places?: StockPlace[] };
export type ChangedStock = { changes: { variantId: string; sku: string | null; stock: number }[] };

/**
 * Changes the stock of many variants in the order of the rows, all or nothing. Each change is recorded, and added units go to the entries that
 * wait for them, as by `adjustStock`.
 * Errors: INVALID_REQUEST that names every faulty row.
 */
export function changeStock(line: StockLine): Command<ChangeStock, ChangedStock> {
  return command<ChangeStock, ChangedStock>({
    name: "change stock",
    async prepare(input) {
      const { changes } = input;
      const ids = changes.flatMap(({ variantId }) => variantId ?? []);
      const skus = changes.flatMap(({ sku }) => sku ?? []);
      return { ...input, places: await line.find([...new Set(ids)], [...new Set(skus)]) };
    },
    needs({ changes, places = [] }) {
      const find = finder(places);
      const units = new Map<StockPlace, number>();
      for (const change of changes) {
        const place = find(change);
        if (place) units.set(place, (units.get(place) ?? 0) + Math.max(change.delta ?? (change.stock ?? 0) - place.stock, 0));
      }
      return [...units].flatMap(([place, added]) => line.needs(place, added));
    },

    decide(uow, { changes, places = [] }) {
      const find = finder(places);
      const set = new Set<string>();
      const errors: FieldError[] = [];
      const changed = changes.map((change, i) => {
        const variant = variantOf(uow, change, find(change));
        const fault = faultOf(variant, change, set);
        if (fault !== undefined) errors.push({ path: `/changes/${i}/${fault.member}`, message: fault.message });
        if (variant === undefined || fault !== undefined) return { variantId: "", sku: null, stock: 0 };
        if (change.stock !== undefined) set.add(variant.id);
        const stock = change.stock ?? variant.stock + (change.delta ?? 0);
        const left = stock === variant.stock ? stock : setStock(uow, line, variant, { stock, reason: change.reason });
        return { variantId: variant.id, sku: variant.sku, stock: left };
      });
      if (errors.length > 0) refuse("INVALID_REQUEST", { errors });
      return { changes: changed };
    },
  });
}

/** Finds the place of a row's variant. */
function finder(places: StockPlace[]): (change: StockChange) => StockPlace | undefined {
  const byId = new Map(places.map((place) => [place.variantId, place]));
  const bySku = new Map(places.flatMap((place) => (place.sku === null ? [] : [[place.sku, place]])));
  return ({ sku, variantId }) => (variantId === undefined ? bySku.get(sku ?? "") : byId.get(variantId));
}

/** The row's variant, locked. Errors: NeedsChanged if the SKU went to another variant since it was read. */
function variantOf(uow: UnitOfWork, { sku }: StockChange, place: StockPlace | undefined): Variant | undefined {
  const variant = place && uow.find(variants, place.variantId);
  if (variant !== undefined && sku !== undefined && variant.sku !== sku) throw new NeedsChanged();
  return variant;
}

type Fault = { member: keyof StockChange; message: string };

/** @param set the variants whose stock was set by earlier rows */
function faultOf(variant: Variant | undefined, { sku, delta, stock, expected }: StockChange, set: ReadonlySet<string>): Fault | undefined {
  if (variant === undefined) return { member: sku === undefined ? "variantId" : "sku", message: "there is no such variant" };
  if (expected !== undefined && expected !== variant.stock) return { member: "expected", message: `the stock is ${variant.stock}` };
  if (stock !== undefined) return set.has(variant.id) ? { member: "stock", message: "an earlier row sets the stock of this variant" } : undefined;
  const after = variant.stock + (delta ?? 0);
  if (after < 0) return { member: "delta", message: `only ${variant.stock} are in stock` };
  return after > STOCK_MAX ? { member: "delta", message: `the stock would exceed ${STOCK_MAX}` } : undefined;
}
