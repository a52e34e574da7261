import { isDeepStrictEqual } from "node:util";
import { type FieldError, invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { lowestPrice, type Product, type SaleStatus, type Variant } from "./catalog.ts";
import { products, skus, variants } from "./catalog.sql.ts";
import type { VariantCache } from "./variant-cache.ts";
import { type ProductView, productView } from "./product-view.ts";
import { equalOptions, nameAfterEdit, nameFrom, takeSku } from "./variant-rules.ts";

/** `sku` and `name` are cleared with null; `version` is the one that the caller read. */
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
  /** Only where there is one variant. */
  price?: number;
  version?: number;
  variants?: EditVariant[];
  variantIds?: string[];
};

/**
 * Changes what is given of a product. All its variants are locked meanwhile, so no order sees half of it. What has changed gets the next
 * version; an edit of a variant is one of its product, too.
 * Errors: PRODUCT_NOT_FOUND, VERSION_CONFLICT, INVALID_REQUEST.
 */
export function editProduct(facts: VariantCache): Command<EditProduct, ProductView> {
  return command<EditProduct, ProductView>({
    name: "edit product",
    prepare: async (input) => ({ ...input, variantIds: (await facts.variantsOf(input.productId)) ?? [] }),
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
      const edited = before.map((variant) => edit(variant, edits.get(variant.id), before.length));
      checkVariants(uow, before, edited, edits);

      const fields = {
        name: input.name ?? product.name,
        description: input.description ?? product.description,
        status: input.status ?? product.status,
      };
      const changed = edited.some((variant, i) => variant !== before[i]) || differs(product, fields);
      const after = changed ? { ...product, ...fields, price: lowestPrice(edited), version: product.version + 1 } : product;
      if (changed) uow.put(products, productId, after);
      for (const [i, variant] of edited.entries()) if (variant !== before[i]) uow.put(variants, variant.id, variant);
      return productView(after, edited);
    },
  });
}

/** An edit that was made on another state than the shop's is refused whole, with the state as it is. */
function checkVersions({ version, variants: edits = [] }: EditProduct, product: Product, before: Variant[]): void {
  const stale = edits.some((one) => one.version !== undefined && before.some(({ id, version: now }) => id === one.id && now !== one.version));
  if (stale || (version !== undefined && version !== product.version)) refuse("VERSION_CONFLICT", { current: productView(product, before) });
}

/** `path` is its place in the request. */
type Given = EditVariant & { path: string };
type Edits = ReadonlyMap<string, Given>;

/** The edits of the variants, by variant. Errors: INVALID_REQUEST where it is not clear what is to be changed, or to what. */
function editsOf({ price, variants: edits = [] }: EditProduct, variantIds: string[]): Edits {
  if (price !== undefined && variantIds.length > 1) invalid("/price", "the product has several variants: set the price of each in /variants");
  const found = new Map<string, Given>();
  for (const [i, one] of edits.entries()) {
    const path = `/variants/${i}`;
    if (!variantIds.includes(one.id)) invalid(`${path}/id`, "is not a variant of this product");
    if (found.has(one.id)) invalid(`${path}/id`, "duplicate variant");
    if (price !== undefined && one.price !== undefined && one.price !== price) invalid("/price", `contradicts ${path}/price`);
    found.set(one.id, { ...one, path });
  }
  const [only] = variantIds;
  if (price !== undefined && only !== undefined) found.set(only, { id: only, path: "/variants/0", ...found.get(only), price });
  return found;
}

/** The variant as it is then; the same object if nothing of it changes. */
function edit(variant: Variant, given: Given | undefined, siblings: number): Variant {
  if (given === undefined) return variant;
  const { sku = variant.sku, options = variant.options, price = variant.price, status = variant.status } = given;
  const described = { sku, options };
  const name = given.name === undefined ? nameAfterEdit(variant, described) : (given.name ?? nameFrom(described, siblings));
  const fields = { sku, name, options, price, status };
  return differs(variant, fields) ? { ...variant, ...fields, version: variant.version + 1 } : variant;
}

/** Errors: INVALID_REQUEST for equal options within the product, or a SKU in use. What was so before the edit is no fault of it. */
function checkVariants(uow: UnitOfWork, before: Variant[], edited: Variant[], edits: Edits): void {
  const moved = edited.filter((variant, i) => before[i] !== undefined && differs(before[i], { options: variant.options }));
  const given = new Map(moved.map(({ id }) => [id, edits.get(id)?.path ?? ""]));
  const errors: FieldError[] = equalOptions(edited, given);
  const renamed = edited.filter(({ sku }, i) => sku !== before[i]?.sku);
  // Every SKU is given up before any is taken, so that variants can exchange them.
  for (const { id } of renamed) giveUpSku(uow, before.find((variant) => variant.id === id)?.sku);
  errors.push(...renamed.flatMap(({ id, sku }) => takeSku(uow, id, sku, edits.get(id)?.path)));
  if (errors.length > 0) refuse("INVALID_REQUEST", { errors });
}

function giveUpSku(uow: UnitOfWork, sku: string | null | undefined): void {
  if (sku != null) uow.put(skus, sku, { variantId: null });
}

/** Whether any of these fields is another one in the row. */
function differs<Row>(row: Row, fields: Partial<Row>): boolean {
  return Object.entries(fields).some(([name, value]) => !isDeepStrictEqual(value, row[name as keyof Row]));
}
