// The title and text that a messenger shows for a link to a page of the storefront.

import { sharedProduct } from "../catalog/shared-product.ts";
import { type DropParts, readDrop } from "../drop/read-drop.ts";
import type { FindShared } from "../http/web-pages.ts";

/** Reads the subject of `/store/products/{id}` and `/store/drops/{id}`. */
export function sharedPages(parts: Omit<DropParts, "now">): FindShared {
  return async (kind, id) => {
    if (kind === "products") return sharedProduct(parts.database, id);
    const drop = await readDrop(parts, id);
    if (!drop || drop.rehearsalId !== null) return null;
    const product = await sharedProduct(parts.database, drop.productId);
    return { title: drop.name, description: product?.description ?? product?.title ?? null, image: product?.image ?? null };
  };
}
