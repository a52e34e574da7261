import type { StockLine } from "../../src/catalog/stock.ts";
import type { KnownDrops } from "../../src/drop/product-drops.ts";

/** A shop without drops. */
export const NO_DROPS: KnownDrops = { known: () => new Map(), forget() {} };

/** A shop in which no stock is waited for. */
export const NO_LINE: StockLine = { find: async () => [], needs: () => [], pass() {} };
