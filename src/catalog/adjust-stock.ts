import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { STOCK_MAX } from "./catalog.ts";
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
      const place = await line.find(input.variantId);
      return place ? { ...input, place } : input;
    },
    needs: ({ variantId, delta, place }) => [need(variants, variantId), ...(place ? line.needs(place, variantId, Math.max(delta, 0)) : [])],

    decide(uow, { variantId, delta, reason }) {
      const variant = uow.find(variants, variantId) ?? refuse("PRODUCT_NOT_FOUND", { variantId });
      const stock = variant.stock + delta;
      if (stock < 0) refuse("STOCK_INSUFFICIENT", { variantId, requested: -delta, available: variant.stock });
      if (stock > STOCK_MAX) invalid("/delta", `the stock would exceed ${STOCK_MAX}`);
      uow.put(variants, variantId, { ...variant, stock });
      uow.append(stockAdjustments, { id: uow.newId(), variantId, delta, stockAfter: stock, reason, createdAt: uow.now });
      if (delta > 0) line.pass(uow, variant.productId, variantId);
      return { variantId, stock: uow.find(variants, variantId)?.stock ?? stock };
    },
  });
