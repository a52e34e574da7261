import type { Database } from "../database/pool.ts";
import { mergedMetadata, type MetadataPatch } from "../http/metadata.ts";
import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { type Need, need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { skus } from "./catalog.sql.ts";
import type { FullProduct, FullVariant, Image, SaleStatus } from "./catalog.ts";
import { productExternalIds } from "./details.sql.ts";
import { type ProductView, productView } from "./product-view.ts";
import type { VariantSet } from "./read-catalog.sql.ts";
import { revise, saveProduct } from "./save-product.ts";
import { nameAfterEdit } from "./variant-rules.ts";
import { fullProductNeeds, getFullProduct, siblingsOf, variantSetOf } from "./variant-sets.ts";

/** Null clears `sku`, `name` and `imageUrl`. `version` is the version that the caller read. */
export type VariantFields = {
  sku?: string | null;
  name?: string | null;
  options?: Record<string, string>;
  price?: number;
  status?: SaleStatus;
  imageUrl?: string | null;
  metadata?: MetadataPatch;
  version?: number;
};
export type EditVariant = VariantFields & { id: string };

/** Null clears `externalId`. */
export type ProductFields = {
  externalId?: string | null;
  name?: string;
  description?: string;
  status?: SaleStatus;
  images?: Image[];
  tags?: string[];
  metadata?: MetadataPatch;
  /** Only if the product has one variant. */
  price?: number;
  taxFreeAmount?: number;
  version?: number;
  variants?: EditVariant[];
};

/** `prepare` fills in `set`. */
export type EditProduct = ProductFields & { productId: string; set?: VariantSet | undefined };
/** Edits one variant; errors name its fields at the top of the request. */
export type EditOneVariant = VariantFields & { variantId: string; set?: VariantSet | undefined };

/**
 * Changes the given fields of a product and its variants. All variants are locked, so no order sees
 * a partial edit. Changed variants get the next version, and so does the product.
 * Errors: PRODUCT_NOT_FOUND, VERSION_CONFLICT, INVALID_REQUEST.
 */
export function editProduct(database: Database): Command<EditProduct, ProductView> {
  return command<EditProduct, ProductView>({
    name: "edit product",
    prepare: async (input) => ({ ...input, set: await variantSetOf(database, input.productId) }),
    needs: ({ set, externalId, variants = [] }) => [
      ...fullProductNeeds(set),
      ...(externalId == null ? [] : [need(productExternalIds, externalId)]),
      ...variants.flatMap(skuNeed),
    ],
    decide: (uow, { productId, set, ...fields }) => edit(uow, getFullProduct(uow, set) ?? refuse("PRODUCT_NOT_FOUND", { productId }), fields),
  });
}

/** Changes the given fields of one variant. Answers the product. Errors: as `editProduct`. */
export function editVariant(database: Database): Command<EditOneVariant, ProductView> {
  return command<EditOneVariant, ProductView>({
    name: "edit variant",
    prepare: async (input) => ({ ...input, set: await siblingsOf(database, input.variantId) }),
    needs: ({ set, ...fields }) => [...fullProductNeeds(set), ...skuNeed(fields)],
    decide(uow, { variantId, set, ...fields }) {
      const product = getFullProduct(uow, set) ?? refuse("PRODUCT_NOT_FOUND", { variantId });
      return edit(uow, product, { variants: [{ id: variantId, ...fields }] }, () => "");
    },
  });
}

function skuNeed({ sku }: VariantFields): Need[] {
  return sku == null ? [] : [need(skus, sku)];
}

/** @param pathOf the JSON pointer of the variant's edit with this index */
function edit(uow: UnitOfWork, before: FullProduct, fields: ProductFields, pathOf = (i: number): string => `/variants/${i}`): ProductView {
  checkVersions(fields, before);
  const edits = editsOf(fields, before, pathOf);
  const { name = before.name, description = before.description, status = before.status, images = before.images, tags = before.tags } = fields;
  const revision = revise(before, {
    ...before,
    name,
    description,
    status,
    images,
    tags,
    taxFreeAmount: fields.taxFreeAmount ?? before.taxFreeAmount ?? 0,
    externalId: fields.externalId === undefined ? before.externalId : fields.externalId,
    metadata: mergedMetadata(before.metadata, fields.metadata),
    variants: before.variants.map((variant) => edited(variant, edits.get(variant.id))),
  });
  const errors = saveProduct(uow, revision, { product: "", variants: new Map([...edits].map(([id, { path }]) => [id, path])) });
  if (errors.length > 0) refuse("INVALID_REQUEST", { errors });
  return productView(revision.after);
}

/** Refuses an edit of an old version. Errors: VERSION_CONFLICT with the current product. */
function checkVersions({ version, variants: edits = [] }: ProductFields, before: FullProduct): void {
  const versions = new Map(before.variants.map((variant) => [variant.id, variant.version]));
  const stale = edits.some((one) => one.version !== undefined && versions.has(one.id) && versions.get(one.id) !== one.version);
  if (stale || (version !== undefined && version !== before.version)) refuse("VERSION_CONFLICT", { current: productView(before) });
}

/** `path` is the edit's JSON pointer in the request. */
type LocatedEdit = EditVariant & { path: string };

/**
 * The edits by variant id. Errors: INVALID_REQUEST for unknown or duplicate variants, and for
 * ambiguous or contradictory prices.
 */
function editsOf({ price, variants: edits = [] }: ProductFields, { variants }: FullProduct, pathOf: (i: number) => string): Map<string, LocatedEdit> {
  const [only, ...others] = variants;
  if (price !== undefined && others.length > 0) invalid("/price", "the product has several variants: set the price of each in /variants");
  const ids = new Set(variants.map(({ id }) => id));
  const found = new Map<string, LocatedEdit>();
  for (const [i, one] of edits.entries()) {
    const path = pathOf(i);
    if (!ids.has(one.id)) invalid(`${path}/id`, "is not a variant of this product");
    if (found.has(one.id)) invalid(`${path}/id`, "duplicate variant");
    if (price !== undefined && one.price !== undefined && one.price !== price) invalid("/price", `contradicts ${path}/price`);
    found.set(one.id, { ...one, path });
  }
  if (price !== undefined && only !== undefined) found.set(only.id, { id: only.id, path: "", ...found.get(only.id), price });
  return found;
}

/** The variant after its edit. A name that is cleared becomes the default name (`revise`). */
function edited(variant: FullVariant, change: LocatedEdit | undefined): FullVariant {
  if (change === undefined) return variant;
  const { sku = variant.sku, options = variant.options, price = variant.price, status = variant.status, imageUrl = variant.imageUrl } = change;
  const name = change.name === undefined ? nameAfterEdit(variant, { sku, options }) : change.name;
  const metadata = mergedMetadata(variant.metadata, change.metadata, `${change.path}/metadata`);
  return { ...variant, sku, name, options, price, status, imageUrl, metadata };
}
