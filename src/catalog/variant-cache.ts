// What is known of a product before its turn at the till: only what never changes.

import { LRUCache } from "lru-cache";
import type { Database } from "../database/pool.ts";
import { BatchedRead } from "../database/batched-read.ts";
import { selectVariantIds } from "./catalog.sql.ts";

const KEPT = 50_000;

export class VariantCache {
  readonly #known = new LRUCache<string, string[]>({ max: KEPT });
  readonly #read: BatchedRead<string[]>;

  constructor(database: Database) {
    this.#read = new BatchedRead(async (ids) => {
      const rows = await database.rows<{ productId: string; variantIds: string[] }>(selectVariantIds(ids));
      return new Map(rows.map((row) => [row.productId, row.variantIds]));
    });
  }

  /** The product's variants in order, at once where they are known already; undefined where there is no such product. */
  variantsOf(productId: string): string[] | undefined | Promise<string[] | undefined> {
    const known = this.#known.get(productId);
    if (known) return known;
    return this.#read.get(productId).then((ids) => {
      if (ids) this.#known.set(productId, ids);
      return ids;
    });
  }

  /** All of them at once: at once where all are known. */
  variantsOfAll(productIds: Iterable<string>): Map<string, string[]> | Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    const missing: Promise<void>[] = [];
    for (const id of new Set(productIds)) {
      const ids = this.variantsOf(id);
      if (ids instanceof Promise) missing.push(ids.then((read) => void (read && found.set(id, read))));
      else if (ids) found.set(id, ids);
    }
    return missing.length === 0 ? found : Promise.all(missing).then(() => found);
  }
}
