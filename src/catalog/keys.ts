// Keys of other systems, unique in the whole shop: SKUs of variants, external ids of products. A
// command that assigns a key needs its row.

import type { FieldError } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { skus } from "./catalog.sql.ts";
import type { FullProduct } from "./catalog.ts";
import { productExternalIds } from "./details.sql.ts";

/**
 * Assigns a SKU to a variant. Returns a field error if another variant has the SKU.
 * @param path the variant's JSON pointer in the request
 */
export function assignSku(uow: UnitOfWork, variantId: string, sku: string | null, path: string): FieldError[] {
  if (sku === null) return [];
  const owner = uow.find(skus, sku)?.variantId ?? variantId;
  if (owner !== variantId) return [{ path: `${path}/sku`, message: "another variant has this SKU" }];
  uow.put(skus, sku, { variantId });
  return [];
}

/** Releases a SKU, so that another variant of the same round can have it. */
export function releaseSku(uow: UnitOfWork, sku: string | null | undefined): void {
  if (sku != null) uow.put(skus, sku, { variantId: null });
}

/**
 * Assigns a product's external id, and releases the one that it had. Returns a field error if another product has it.
 * @param path the product's JSON pointer in the request
 */
export function assignExternalId(
  uow: UnitOfWork,
  { before, after: { id, externalId } }: { before: FullProduct | undefined; after: FullProduct },
  path: string,
): FieldError[] {
  if (before?.externalId != null) uow.put(productExternalIds, before.externalId, { productId: null });
  if (externalId === null) return [];
  const owner = uow.find(productExternalIds, externalId)?.productId ?? id;
  if (owner !== id) return [{ path: `${path}/externalId`, message: "another product has this external id" }];
  uow.put(productExternalIds, externalId, { productId: id });
  return [];
}
