// The variants of each product, for shoppers' commands that name no variant. An entry may lack
// variants that were added later: `soleVariant` notices by the product's row.

import type { Database } from "../database/pool.ts";
import { BatchedRead } from "../database/batched-read.ts";
import { selectVariantIds, type VariantSet } from "./read-catalog.sql.ts";
import { lruCache } from "../lru.ts";

const CACHED_PRODUCTS_MAX = 50_000;

export class VariantCache {
  readonly #cached = lruCache<string[]>(CACHED_PRODUCTS_MAX);
  readonly #read: BatchedRead<string[]>;

  constructor(database: Database) {
    this.#read = new BatchedRead(async (ids) => {
      const rows = await database.rows<VariantSet>(selectVariantIds(ids));
      return new Map(rows.map((row) => [row.productId, row.variantIds]));
    });
  }

  /** The product's variants in order; undefined if it does not exist. No promise if cached. */
  variantsOf(productId: string): string[] | undefined | Promise<string[] | undefined> {
    const cached = this.#cached.get(productId);
    if (cached) return cached;
    return this.#read.get(productId).then((ids) => {
      if (ids) this.#cached.set(productId, ids);
      return ids;
    });
  }

  /** The variants of all products that exist. No promise if all are cached. */
  variantsOfAll(productIds: Iterable<string>): Map<string, string[]> | Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    const missing: Promise<void>[] = [];
    for (const id of productIds) {
      if (found.has(id)) continue;
      const ids = this.variantsOf(id);
      if (ids instanceof Promise) missing.push(ids.then((read) => void (read && found.set(id, read))));
      else if (ids) found.set(id, ids);
    }
    return missing.length === 0 ? found : Promise.all(missing).then(() => found);
  }
}
