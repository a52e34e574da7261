import { invalid, refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { STOCK_MAX } from "./catalog.ts";
import { variants } from "./catalog.sql.ts";
import { stockAdjustments } from "./stock.sql.ts";

export type AdjustStock = { variantId: string; delta: number; reason: string };

/**
 * Changes a variant's stock other than by sale, and records why. Errors: PRODUCT_NOT_FOUND,
 * STOCK_INSUFFICIENT below zero, INVALID_REQUEST.
 */
export const adjustStock = command<AdjustStock, { variantId: string; stock: number }>({
  name: "adjust stock",
  needs: ({ variantId }) => [need(variants, variantId)],

  decide(uow, { variantId, delta, reason }) {
    const variant = uow.find(variants, variantId) ?? refuse("PRODUCT_NOT_FOUND", { variantId });
    const stock = variant.stock + delta;
    if (stock < 0) refuse("STOCK_INSUFFICIENT", { variantId, requested: -delta, available: variant.stock });
    if (stock > STOCK_MAX) invalid("/delta", `the stock would exceed ${STOCK_MAX}`);
    uow.put(variants, variantId, { ...variant, stock });
    uow.append(stockAdjustments, { id: uow.newId(), variantId, delta, stockAfter: stock, reason, createdAt: uow.now });
    return { variantId, stock };
  },
});
