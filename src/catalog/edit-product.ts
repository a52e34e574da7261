import { isDeepStrictEqual } from "node:util";
import { type FieldError, invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { lowestPrice, type Product, type SaleStatus, type Variant } from "./catalog.ts";
import { products, skus, variants } from "./catalog.sql.ts";
import type { VariantCache } from "./variant-cache.ts";
import { type ProductView, productView } from "./product-view.ts";
import { assignSku, releaseSku } from "./sku.ts";
import { isAbovePrice, taxFreeErrors } from "./tax-free.ts";
import { defaultName, duplicateOptions, nameAfterEdit } from "./variant-rules.ts";

/** Null clears `sku` and `name`. `version` is the version that the caller read. */
export type EditVariant = {
  id: string;
  sku?: string | null;
  name?: string | null;
  options?: Record<string, string>;
  price?: number;
  status?: SaleStatus;
  version?: number;
};

export type EditProduct = {
  productId: string;
  name?: string;
  description?: string;
  status?: SaleStatus;
  /** Only if the product has one variant. */
  price?: number;
  taxFreeAmount?: number;
  version?: number;
  variants?: EditVariant[];
  variantIds?: string[];
};

/**
 * Changes the given fields of a product and its variants. All variants are locked, so no order sees
 * a partial edit. Changed variants get the next version, and so does the product.
 * Errors: PRODUCT_NOT_FOUND, VERSION_CONFLICT, INVALID_REQUEST.
 */
export function editProduct(variantCache: VariantCache): Command<EditProduct, ProductView> {
  return command<EditProduct, ProductView>({
    name: "edit product",
    prepare: async (input) => ({ ...input, variantIds: (await variantCache.variantsOf(input.productId)) ?? [] }),
    needs: ({ productId, variantIds = [], variants: edits = [] }) => [
      need(products, productId),
      ...variantIds.map((id) => need(variants, id)),
      ...edits.flatMap(({ sku }) => (sku == null ? [] : [need(skus, sku)])),
    ],

    decide(uow, input) {
      const { productId, variantIds = [] } = input;
      const product = uow.find(products, productId) ?? refuse("PRODUCT_NOT_FOUND", { productId });
      const before = variantIds.map((id) => uow.find(variants, id) ?? refuse("PRODUCT_NOT_FOUND", { productId }));
      checkVersions(input, product, before);
      const edits = editsOf(input, variantIds);
      const edited = before.map((variant) => editVariant(variant, edits.get(variant.id), before.length));
      checkVariants(uow, before, edited, edits);

      const fields = {
        name: input.name ?? product.name,
        description: input.description ?? product.description,
        status: input.status ?? product.status,
        taxFreeAmount: input.taxFreeAmount ?? product.taxFreeAmount ?? 0,
      };
      checkTaxFree(input, fields, edited, edits);
      const changed = edited.some((variant, i) => variant !== before[i]) || differs({ taxFreeAmount: 0, ...product }, fields);
      const after = changed ? { ...product, ...fields, price: lowestPrice(edited), version: product.version + 1 } : product;
      if (changed) uow.put(products, productId, after);
      for (const [i, variant] of edited.entries()) if (variant !== before[i]) uow.put(variants, variant.id, variant);
      return productView(after, edited);
    },
  });
}

/** Refuses an edit of an old version. Errors: VERSION_CONFLICT with the current product. */
function checkVersions({ version, variants: edits = [] }: EditProduct, product: Product, before: Variant[]): void {
  const stale = edits.some(
    (edit) => edit.version !== undefined && before.some((variant) => variant.id === edit.id && variant.version !== edit.version),
  );
  if (stale || (version !== undefined && version !== product.version)) refuse("VERSION_CONFLICT", { current: productView(product, before) });
}

/** `path` is the edit's JSON pointer in the request. */
type LocatedEdit = EditVariant & { path: string };
type Edits = ReadonlyMap<string, LocatedEdit>;

/**
 * The edits by variant id. Errors: INVALID_REQUEST for unknown or duplicate variants, and for
 * ambiguous or contradictory prices.
 */
function editsOf({ price, variants: edits = [] }: EditProduct, variantIds: string[]): Edits {
  if (price !== undefined && variantIds.length > 1) invalid("/price", "the product has several variants: set the price of each in /variants");
  const found = new Map<string, LocatedEdit>();
  for (const [i, edit] of edits.entries()) {
    const path = `/variants/${i}`;
    if (!variantIds.includes(edit.id)) invalid(`${path}/id`, "is not a variant of this product");
    if (found.has(edit.id)) invalid(`${path}/id`, "duplicate variant");
    if (price !== undefined && edit.price !== undefined && edit.price !== price) invalid("/price", `contradicts ${path}/price`);
    found.set(edit.id, { ...edit, path });
  }
  const [only] = variantIds;
  if (price !== undefined && only !== undefined) found.set(only, { id: only, path: "/variants/0", ...found.get(only), price });
  return found;
}

/**
 * The variant after its edit; the same object if nothing changes.
 * @param siblings variants of the product
 */
function editVariant(variant: Variant, edit: LocatedEdit | undefined, siblings: number): Variant {
  if (edit === undefined) return variant;
  const { sku = variant.sku, options = variant.options, price = variant.price, status = variant.status } = edit;
  const described = { sku, options };
  const name = edit.name === undefined ? nameAfterEdit(variant, described) : (edit.name ?? defaultName(described, siblings));
  const fields = { sku, name, options, price, status };
  return differs(variant, fields) ? { ...variant, ...fields, version: variant.version + 1 } : variant;
}

/** Checks changed options and SKUs. Errors: INVALID_REQUEST for equal options or a SKU in use. */
function checkVariants(uow: UnitOfWork, before: Variant[], edited: Variant[], edits: Edits): void {
  const changed = edited.filter((variant, i) => before[i] !== undefined && differs(before[i], { options: variant.options }));
  const given = new Map(changed.map(({ id }) => [id, edits.get(id)?.path ?? ""]));
  const errors: FieldError[] = duplicateOptions(edited, given);
  const withNewSku = edited.filter(({ sku }, i) => sku !== before[i]?.sku);
  // All SKUs are released before any is assigned, so that variants can swap them.
  for (const { id } of withNewSku) releaseSku(uow, before.find((variant) => variant.id === id)?.sku);
  errors.push(...withNewSku.flatMap(({ id, sku }) => assignSku(uow, id, sku, edits.get(id)?.path)));
  if (errors.length > 0) refuse("INVALID_REQUEST", { errors });
}

/** Errors: INVALID_REQUEST for a tax-free amount above the price of a variant; it names the member that makes it so. */
function checkTaxFree({ taxFreeAmount, price }: EditProduct, after: Pick<Product, "taxFreeAmount">, edited: Variant[], edits: Edits): void {
  const tooCheap = edited.find((variant) => isAbovePrice(after, variant));
  const path = tooCheap && (edits.get(tooCheap.id)?.path ?? "");
  const errors = taxFreeErrors(after, edited, taxFreeAmount !== undefined ? "/taxFreeAmount" : price !== undefined ? "/price" : `${path}/price`);
  if (errors.length > 0) refuse("INVALID_REQUEST", { errors });
}

/** Whether the row has another value in any of these fields. */
function differs<Row>(row: Row, fields: Partial<Row>): boolean {
  return Object.entries(fields).some(([name, value]) => !isDeepStrictEqual(value, row[name as keyof Row]));
}
