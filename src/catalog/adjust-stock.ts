import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { STOCK_MAX, type Variant } from "./catalog.ts";
import { variants } from "./catalog.sql.ts";
import type { StockLine, StockPlace } from "./stock.ts";
import { stockAdjustments } from "./stock.sql.ts";

/** `place` is filled in by `prepare`. */
export type AdjustStock = { variantId: string; delta: number; reason: string; place?: StockPlace };

/**
 * Changes a variant's stock other than by sale, and records why. Added units go to the entries that wait for them. Errors: PRODUCT_NOT_FOUND,
 * STOCK_INSUFFICIENT below zero, INVALID_REQUEST.
 */
export const adjustStock = (line: StockLine): Command<AdjustStock, { variantId: string; stock: number }> =>
  command<AdjustStock, { variantId: string; stock: number }>({
    name: "adjust stock",
    async prepare(input) {
      const [place] = await line.find([input.variantId]);
      return place ? { ...input, place } : input;
    },
    needs: ({ variantId, delta, place }) => [need(variants, variantId), ...(place ? line.needs(place, Math.max(delta, 0)) : [])],

    decide(uow, { variantId, delta, reason }) {
      const variant = uow.find(variants, variantId) ?? refuse("PRODUCT_NOT_FOUND", { variantId });
      const stock = variant.stock + delta;
      if (stock < 0) refuse("STOCK_INSUFFICIENT", { variantId, requested: -delta, available: variant.stock });
      if (stock > STOCK_MAX) invalid("/delta", `the stock would exceed ${STOCK_MAX}`);
      return { variantId, stock: setStock(uow, line, variant, { stock, reason }) };
    },
  });

/** Sets a variant's stock, records the change, and hands added units to those who wait. Returns the units that are left. Errors: NeedsChanged. */
export function setStock(uow: UnitOfWork, line: StockLine, variant: Variant, { stock, reason }: { stock: number; reason: string }): number {
  const { id } = variant;
  const delta = stock - variant.stock;
  uow.put(variants, id, { ...variant, stock });
  uow.append(stockAdjustments, { id: uow.newId(), variantId: id, delta, stockAfter: stock, reason, createdAt: uow.now });
  if (delta > 0) line.pass(uow, variant.productId, id);
  return uow.find(variants, id)?.stock ?? stock;
}
