// Stock that an operator adds goes to those who wait for it, like any other units that become free.

import type { StockLine, StockPlace } from "../catalog/stock.ts";
import type { Database } from "../database/pool.ts";
import { selectStockPlace } from "./drop.sql.ts";
import { dropOf, passUnits, successionNeeds } from "./succession.ts";

export function stockLine(database: Database): StockLine {
  return {
    async find(variantId) {
      const [place] = await database.rows<StockPlace>(selectStockPlace(variantId));
      return place;
    },
    needs({ productId, dropId }, variantId, units) {
      return successionNeeds(new Map(dropId === null ? [] : [[productId, dropId]]), [{ productId, variantId, quantity: units }]);
    },
    pass(uow, productId, variantId) {
      const drop = dropOf(uow, productId);
      if (drop) passUnits(uow, drop, variantId);
    },
  };
}
