import type { VariantCache } from "../catalog/variant-cache.ts";
import type { Database } from "../database/pool.ts";
import { createDrop } from "./create-drop.ts";
import { closeEntries, fixRoot, publishDraw, setPublicValue } from "./draw/draw-steps.ts";
import { Proofs } from "./draw/proof.ts";
import { tellDropNews } from "./drop-news.job.ts";
import { selectStockOfDrop } from "./drop.sql.ts";
import { editDrop } from "./edit-drop.ts";
import { lapseHold, leaveDrop } from "./end-entry.ts";
import { enterDrop } from "./enter-drop.ts";
import { entryFinder } from "./find-entry.ts";
import { loseLine } from "./lose-line.ts";
import type { ProductDrops } from "./product-drops.ts";
import { closeDrop, type FindStock, pauseDrop, releaseDrop, resumeDrop } from "./steer-drop.ts";

export type DropCommandParts = { database: Database; variantCache: VariantCache; productDrops: ProductDrops };

/** All commands of drops, for the till of workers. */
export function dropCommands({ database, variantCache, productDrops }: DropCommandParts) {
  const findStock = stockFinder(database);
  const findEntry = entryFinder(database);
  const proofs = new Proofs(database);
  return [
    createDrop(database),
    editDrop(findStock),
    pauseDrop(findStock),
    resumeDrop(findStock),
    closeDrop(findStock),
    releaseDrop(findStock),
    enterDrop(productDrops, variantCache),
    leaveDrop(productDrops, findEntry, (dropId, number) => proofs.rankOf(dropId, number)),
    lapseHold(productDrops, findEntry),
    loseLine,
    tellDropNews(findStock),
    closeEntries,
    fixRoot,
    setPublicValue(findStock),
    publishDraw(findStock),
  ];
}

/** Reads a drop's product and the stock of its variants. */
export function stockFinder(database: Database): FindStock {
  return async (dropId) => (await database.rows<NonNullable<Awaited<ReturnType<FindStock>>>>(selectStockOfDrop(dropId)))[0];
}
