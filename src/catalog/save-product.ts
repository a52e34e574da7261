// Writes products that commands have changed, and checks the rules between variants and products.

import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { products, variants } from "./catalog.sql.ts";
import {
  type FullProduct,
  type FullVariant,
  lowestPrice,
  NO_PRODUCT_DETAILS,
  NO_VARIANT_DETAILS,
  type ProductDetails,
  type VariantDetails,
} from "./catalog.ts";
import { productDetails, variantDetails } from "./details.sql.ts";
import { assignExternalId, assignSku, releaseSku } from "./keys.ts";
import { stockAdjustments } from "./stock.sql.ts";
import { taxFreeErrors } from "./tax-free.ts";
import { defaultName, duplicateOptions } from "./variant-rules.ts";

/** JSON pointers into the request: of the product, and of its variants by id. */
export type Paths = { product: string; variants: ReadonlyMap<string, string> };

/** A product before and after a change. `before` is undefined for a new one. */
export type Revision = { before: FullProduct | undefined; after: FullProduct; isChanged: boolean };

/**
 * The product after a change, with its next version, price and default names. A tag that is there
 * twice is kept once. Variants that are equal to those before stay the same objects.
 */
export function revise(before: FullProduct | undefined, requested: FullProduct): Revision {
  const known = new Map(before?.variants.map((variant) => [variant.id, variant]));
  const revised = requested.variants.map((variant): FullVariant => {
    const named = { ...variant, name: variant.name ?? defaultName(variant, requested.variants.length) };
    const prior = known.get(variant.id);
    if (prior === undefined) return named;
    return isDeepStrictEqual(prior, named) ? prior : { ...named, version: prior.version + 1 };
  });
  const after = { ...requested, tags: [...new Set(requested.tags)], price: lowestPrice(revised), variants: revised };
  if (before === undefined) return { before, after, isChanged: true };
  const isChanged = revised.some((variant) => variant !== known.get(variant.id)) || !isDeepStrictEqual({ ...before, variants: revised }, after);
  return isChanged ? { before, after: { ...after, version: before.version + 1 }, isChanged } : { before, after: before, isChanged };
}

/**
 * Writes a revision, and records the initial stock of new variants. Returns errors for equal
 * options, and for a SKU or external id in use; then the command has to refuse.
 */
export function saveProduct(uow: UnitOfWork, { before, after, isChanged }: Revision, paths: Paths): FieldError[] {
  if (!isChanged) return [];
  const known = new Map(before?.variants.map((variant) => [variant.id, variant]));
  const changed = after.variants.filter((variant) => variant !== known.get(variant.id));
  const errors = [
    ...taxErrors({ before, after }, changed, paths),
    ...optionErrors(after, changed, known, paths),
    ...assignKeys(uow, { before, after, changed, known }, paths),
  ];
  const { externalId, images, tags, metadata, variants: _, ...product } = after;
  uow.put(products, after.id, product);
  const details: ProductDetails = { externalId, images, tags, metadata };
  if (!isDeepStrictEqual(details, productDetailsIn(before))) uow.put(productDetails, after.id, details);
  for (const variant of changed) putVariant(uow, known.get(variant.id), variant);
  return errors;
}

function putVariant(uow: UnitOfWork, before: FullVariant | undefined, { imageUrl, metadata, ...variant }: FullVariant): void {
  const { id, stock } = variant;
  uow.put(variants, id, variant);
  const details: VariantDetails = { imageUrl, metadata };
  const known = before === undefined ? NO_VARIANT_DETAILS : { imageUrl: before.imageUrl, metadata: before.metadata };
  if (!isDeepStrictEqual(details, known)) uow.put(variantDetails, id, details);
  if (before !== undefined) return;
  uow.append(stockAdjustments, { id: uow.newId(), variantId: id, delta: stock, stockAfter: stock, reason: "initial stock", createdAt: uow.now });
}

function productDetailsIn(product: FullProduct | undefined): ProductDetails {
  if (product === undefined) return NO_PRODUCT_DETAILS;
  const { externalId, images, tags, metadata } = product;
  return { externalId, images, tags, metadata };
}

/** Errors for a tax-free amount above the price of a variant; each names the member that makes it so. */
function taxErrors({ before, after }: Pick<Revision, "before" | "after">, changed: FullVariant[], paths: Paths): FieldError[] {
  if (before?.taxFreeAmount !== after.taxFreeAmount) return taxFreeErrors(after, after.variants, `${paths.product}/taxFreeAmount`);
  return changed.flatMap((variant) => taxFreeErrors(after, [variant], `${paths.variants.get(variant.id) ?? ""}/price`));
}

type Known = ReadonlyMap<string, FullVariant>;

function optionErrors(after: FullProduct, changed: FullVariant[], known: Known, paths: Paths): FieldError[] {
  const described = changed.filter(({ id, options }) => !isDeepStrictEqual(options, known.get(id)?.options));
  return duplicateOptions(after.variants, new Map(described.map(({ id }) => [id, paths.variants.get(id) ?? ""])));
}

type Assignment = { before: FullProduct | undefined; after: FullProduct; changed: FullVariant[]; known: Known };

/** Assigns changed SKUs and the external id. */
function assignKeys(uow: UnitOfWork, { before, after, changed, known }: Assignment, paths: Paths): FieldError[] {
  const withNewSku = changed.filter(({ id, sku }) => sku !== (known.get(id)?.sku ?? null));
  // All SKUs are released before any is assigned, so that variants can exchange them.
  for (const { id } of withNewSku) releaseSku(uow, known.get(id)?.sku);
  return [
    ...withNewSku.flatMap(({ id, sku }) => assignSku(uow, id, sku, paths.variants.get(id) ?? "")),
    ...(after.externalId === (before?.externalId ?? null) ? [] : assignExternalId(uow, { before, after }, paths.product)),
  ];
}
