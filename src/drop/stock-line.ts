// Stock that an operator adds goes to those who wait for it, like any other units that become free.

import type { StockLine, StockPlace } from "../catalog/stock.ts";
import type { Database } from "../database/pool.ts";
import { selectStockPlaces } from "./drop.sql.ts";
import { dropOf, passUnits, successionNeeds } from "./succession.ts";

export function stockLine(database: Database): StockLine {
  return {
    find: (variantIds, skus = []) => database.rows<StockPlace>(selectStockPlaces(variantIds, skus)),
    needs({ productId, dropId, variantId }, units) {
      return successionNeeds(new Map(dropId === null ? [] : [[productId, dropId]]), [{ productId, variantId, quantity: units }]);
    },
    pass(uow, productId, variantId) {
      const drop = dropOf(uow, productId);
      if (drop) passUnits(uow, drop, variantId);
    },
  };
}
