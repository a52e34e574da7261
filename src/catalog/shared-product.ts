// A product as others see it in a shared link.

import type { Database } from "../database/pool.ts";
import { productView, shopperView } from "./product-view.ts";
import { fullProduct, type FullProductRow, selectProducts } from "./read-catalog.sql.ts";

type SharedProduct = { title: string; description: string | null; image: string | null };

/** Null if shoppers do not see the product. */
export async function sharedProduct(database: Database, productId: string): Promise<SharedProduct | null> {
  const [row] = await database.rows<FullProductRow>(selectProducts([productId]));
  if (!row || (row.rehearsalId ?? null) !== null) return null;
  const { name, description, images } = shopperView(productView(fullProduct(row)));
  return { title: name, description, image: images[0]?.url ?? null };
}
