// SKUs, unique in the whole shop. A command that assigns a SKU needs its row.

import type { FieldError } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { skus } from "./catalog.sql.ts";

/**
 * Assigns a SKU to a variant. Returns a field error if another variant has the SKU.
 * @param path the variant's JSON pointer in the request
 */
export function assignSku(uow: UnitOfWork, variantId: string, sku: string | null, path: string | undefined): FieldError[] {
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
