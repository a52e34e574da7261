// A product as others see it in a shared link.

import type { Database } from "../database/pool.ts";
import type { Product, Variant } from "./catalog.ts";
import { selectProducts } from "./catalog.sql.ts";
import { productView, shopperView } from "./product-view.ts";

/** Null if shoppers do not see the product. */
export async function sharedProduct(database: Database, productId: string): Promise<{ title: string; description: string | null } | null> {
  const [row] = await database.rows<Product & { variants: Variant[] }>(selectProducts([productId]));
  if (!row || (row.rehearsalId ?? null) !== null) return null;
  const { name, description } = shopperView(productView(row, row.variants));
  return { title: name, description };
}
