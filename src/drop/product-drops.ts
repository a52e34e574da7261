// Which drop sells which product, in memory, for commands that prepare. Decisions trust only the product's row and start again if it differs.

import { BatchedRead } from "../database/batched-read.ts";
import type { Database } from "../database/pool.ts";
import { selectProductDrops, selectProductsOfDrops } from "./drop.sql.ts";
import { lruCache } from "../lru.ts";

const CACHED_DROPS_MAX = 10_000;

/** The drop of each product that has one, as far as it is known. */
export interface KnownDrops {
  known(): ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>;
  forget(): void;
}

/** The drops of these products, each once. */
export function dropsOf(known: ReadonlyMap<string, string>, items: readonly { productId: string }[]): [productId: string, dropId: string][] {
  if (known.size === 0) return [];
  return [...new Set(items.map(({ productId }) => productId))].flatMap((id): [string, string][] => {
    const dropId = known.get(id);
    return dropId === undefined ? [] : [[id, dropId]];
  });
}

export class ProductDrops implements KnownDrops {
  readonly #database: Database;
  readonly #products: BatchedRead<string>;
  readonly #productOf = lruCache<string>(CACHED_DROPS_MAX);
  #drops: Map<string, string> | undefined;
  #reading: Promise<Map<string, string>> | undefined;

  constructor(database: Database) {
    this.#database = database;
    this.#products = new BatchedRead(
      async (ids) =>
        new Map((await database.rows<{ id: string; productId: string }>(selectProductsOfDrops(ids))).map((row) => [row.id, row.productId])),
    );
  }

  /** The drop of each product that has one. No promise if they are known. */
  known(): Map<string, string> | Promise<Map<string, string>> {
    return this.#drops ?? this.#read();
  }

  /** The product of a drop, which never changes; undefined if the drop does not exist. No promise if it is known. */
  productOf(dropId: string): string | undefined | Promise<string | undefined> {
    const cached = this.#productOf.get(dropId);
    if (cached !== undefined) return cached;
    return this.#products.get(dropId).then((productId) => {
      if (productId !== undefined) this.#productOf.set(dropId, productId);
      return productId;
    });
  }

  /** A product was given to a drop, or released. */
  forget(): void {
    this.#drops = undefined;
    this.#reading = undefined;
  }

  #read(): Promise<Map<string, string>> {
    if (this.#reading) return this.#reading;
    const reading: Promise<Map<string, string>> = this.#database
      .rows<{ productId: string; dropId: string }>(selectProductDrops())
      .then((rows) => {
        const drops = new Map(rows.map(({ productId, dropId }) => [productId, dropId]));
        // A change since then has started another read.
        if (this.#reading === reading) this.#drops = drops;
        return drops;
      })
      .finally(() => {
        if (this.#reading === reading) this.#reading = undefined;
      });
    this.#reading = reading;
    return reading;
  }
}
